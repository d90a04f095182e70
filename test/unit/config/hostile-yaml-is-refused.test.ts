import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { good, oneApplication, places, withFiles } from './support.js';

async function refusal(text: string | Buffer): Promise<string[]> {
  let found: string[] = [];
  await withFiles(async (files) => {
    files.write('sluice.yaml', text);
    const { config, diagnostics } = await files.load();
    expect(config).toBeNull();
    found = places(diagnostics);
  });
  return found;
}

describe('syntax', () => {
  test.each([
    ['a: [1, 2', '1:9 yaml-syntax'],
    ['watch: true\nwatch: false\n', '2:1 duplicate-key'],
    ['sites: *nothing\n', '1:8 yaml-syntax'],
    ['watch: !!js/function "x"\n', '1:8 yaml-syntax'],
    ['watch: true\n---\nwatch: false\n', '2:1 yaml-syntax'],
    ['{ __proto__: { watch: true } }', '1:3 bad-key'],
    ['{ [a, b]: 1 }', '1:1 bad-key'],
    ['- a\n- b\n', '1:1 not-a-map'],
    ['just text', '1:1 not-a-map'],
    ['', '1:1 empty-file'],
    ['# nothing\n', '1:1 empty-file'],
    ['listeners: .inf\n', '1:12 bad-number'],
  ])('%j', async (text, place) => {
    expect((await refusal(text))[0]).toBe(place);
  });

  test('an unquoted ${NAME} in a flow map is explained', async () => {
    await withFiles(async (files) => {
      files.write('sluice.yaml', 'admin: { listen: ${LISTEN} }\n');
      const { diagnostics } = await files.load();
      expect(diagnostics[0]?.remedy).toBe('put values with ${...} in quotes');
    });
  });

  test('keys that reach for the prototype of an object are only unknown keys', async () => {
    expect(await refusal('constructor: { prototype: { watch: false } }\n')).toEqual(['1:1 unknown-key']);
    expect(await refusal('toString: 1\nhasOwnProperty: 2\n')).toEqual(['1:1 unknown-key', '2:1 unknown-key']);
    expect(Object.hasOwn(Object.prototype, 'watch')).toBe(false);
  });

  test('environment variables may have such names', async () => {
    await withFiles(async (files) => {
      const text = oneApplication('hosting: { processPath: x, environmentVariables: { constructor: a, toString: b } }');
      files.write('app/x').write('sluice.yaml', text);
      expect(good(await files.load()).applications[0]?.hosting?.environmentVariables).toEqual([
        { name: 'constructor', value: 'a' },
        { name: 'toString', value: 'b' },
      ]);
    });
  });
});

describe('size and shape', () => {
  test('an alias bomb ends at the limit', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
    expect((await refusal(lines.join('\n')))[0]).toMatch(/too-complex$/);
  });

  test('an alias to itself does not go round', async () => {
    expect((await refusal('a: &a { b: *a }\n'))[0]).toMatch(/too-complex$/);
  });

  test('deep nesting ends at the limit', async () => {
    expect((await refusal(`${'['.repeat(500)}${']'.repeat(500)}`))[0]).toMatch(/too-complex$/);
  });

  test('nesting beyond the stack of the parser is an error, not a crash', async () => {
    const [first] = await refusal('['.repeat(100_000));
    expect(first).toMatch(/yaml-syntax|too-complex/);
  });

  test('more than 4 MiB are not read', async () => {
    expect(await refusal(Buffer.alloc(4_194_305, 0x20))).toEqual(['0:0 file-unreadable']);
  });

  test('what is not text is not read', async () => {
    expect(await refusal(Buffer.from('watch: true\0\n'))).toEqual(['0:0 bad-encoding']);
    expect(await refusal(Buffer.from([0x77, 0xff, 0xfe, 0xfd]))).toEqual(['0:0 bad-encoding']);
  });
});

describe('files that are no files', () => {
  test('a FIFO does not block the load', async () => {
    await withFiles(async (files) => {
      execFileSync('mkfifo', [files.path('sluice.yaml')]);
      expect(places((await files.load()).diagnostics)).toEqual(['0:0 file-unreadable']);
    });
  });

  test('a folder named like a file is taken as an application folder', async () => {
    await withFiles(async (files) => {
      mkdirSync(files.path('sluice.yaml'));
      expect(places((await files.load()).diagnostics)).toEqual(['0:0 application-cannot-run']);
    });
  });
});

describe('what is allowed', () => {
  test('UTF-8 with a byte order mark, UTF-16, CRLF', async () => {
    await withFiles(async (files) => {
      files.write('app/server.js');
      const text = oneApplication().replaceAll('\n', '\r\n');
      for (const bytes of [Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le')]) {
        expect(good(await files.write('sluice.yaml', bytes).load()).sites).toHaveLength(1);
      }
    });
  });

  test('an anchor and its aliases', async () => {
    await withFiles(async (files) => {
      files.write('app/server.js');
      const text = `applicationPools:\n  - { name: a, processModel: &model { maxProcesses: 3 } }\n  - { name: b, processModel: *model }\n`;
      const config = good(await files.write('sluice.yaml', `${text}${oneApplication()}`).load());
      expect(config.pools.map((pool) => pool.processModel.maxProcesses)).toEqual([3, 3, 1]);
    });
  });

  test('time spans stay text in a file that asks for YAML 1.1', async () => {
    await withFiles(async (files) => {
      files.write('app/server.js');
      const text = `%YAML 1.1\n---\nshutdownTimeLimit: 00:01:00\n${oneApplication()}`;
      expect(good(await files.write('sluice.yaml', text).load()).server.shutdownTimeLimitMs).toBe(60_000);
    });
  });

  test('JSON with tabs', async () => {
    await withFiles(async (files) => {
      files.write('app/server.js');
      const json = {
        sites: [
          {
            name: 'a',
            bindings: [{ bindingInformation: '*:80:' }],
            applications: [{ path: '/', physicalPath: './app' }],
          },
        ],
      };
      expect(good(await files.write('x.json', JSON.stringify(json, null, '\t')).load({}, 'x.json')).sites).toHaveLength(
        1,
      );
    });
  });
});
