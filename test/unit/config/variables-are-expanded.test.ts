import { describe, expect, test } from '@jest/globals';
import { redact } from '../../../config/docs/redact.js';
import { good, oneApplication, onlyHosting, places, withFiles } from './support.js';

const environment = { MODE: 'prod', N: '3', EMPTY: '', OCTAL: '007', YES: 'true' };

describe('${NAME}', () => {
  test('is replaced in values', async () => {
    await withFiles(async (files) => {
      files
        .write('app/server.js')
        .write('sluice.yaml', oneApplication('hosting: { environmentVariables: { A: "x-${MODE}-${N}" } }'));
      expect(onlyHosting(await files.load({ environment })).environmentVariables).toEqual([
        { name: 'A', value: 'x-prod-3' },
      ]);
    });
  });

  test('has a default for what is not set or empty', async () => {
    await withFiles(async (files) => {
      files
        .write('app/server.js')
        .write(
          'sluice.yaml',
          oneApplication(
            'hosting: { environmentVariables: { A: "${NONE:-d}", B: "${EMPTY:-e}", C: "${EMPTY}", D: "${MODE:-f}" } }',
          ),
        );
      expect(onlyHosting(await files.load({ environment })).environmentVariables.map(({ value }) => value)).toEqual([
        'd',
        'e',
        '',
        'prod',
      ]);
    });
  });

  test('becomes a number or a boolean where it is written without quotes', async () => {
    await withFiles(async (files) => {
      files.write('app/server.js').write('sluice.yaml', `listeners: \${N}\nwatch: \${YES}\n${oneApplication()}`);
      expect(good(await files.load({ environment })).server).toMatchObject({ listeners: 3, watch: true });
    });
  });

  test('is not expanded again', async () => {
    await withFiles(async (files) => {
      files
        .write('app/server.js')
        .write('sluice.yaml', oneApplication('hosting: { environmentVariables: { A: "${X}" } }'));
      const result = await files.load({ environment: { X: '${MODE}', MODE: 'no' } });
      expect(onlyHosting(result).environmentVariables[0]?.value).toBe('${MODE}');
    });
  });

  test('can be written literally', async () => {
    await withFiles(async (files) => {
      files
        .write('app/server.js')
        .write('sluice.yaml', oneApplication('hosting: { environmentVariables: { A: "$${MODE} $5 $$" } }'));
      expect(onlyHosting(await files.load({ environment })).environmentVariables[0]?.value).toBe('${MODE} $5 $$');
    });
  });

  test.each([
    ['${NONE}', 'undefined-variable'],
    ['${1A}', 'bad-expansion'],
    ['${}', 'bad-expansion'],
    ['${toString}', 'undefined-variable'],
    ['${file:./none}', 'secret-file'],
  ])('%s is an error with its place', async (text, code) => {
    await withFiles(async (files) => {
      files.write('sluice.yaml', `runDir: "${text}"\n`);
      expect(places((await files.load({ environment })).diagnostics)).toEqual([`1:9 ${code}`]);
    });
  });

  test('a value that grows beyond all measure is refused', async () => {
    await withFiles(async (files) => {
      files.write('sluice.yaml', `runDir: "${'${BIG}'.repeat(100)}"\n`);
      const result = await files.load({ environment: { BIG: 'x'.repeat(1_000) } });
      expect(places(result.diagnostics)).toEqual(['1:9 value-too-long']);
    });
  });
});

describe('${file:...}', () => {
  test('reads the file beside the configuration, without its last line end', async () => {
    await withFiles(async (files) => {
      files.write('app/server.js').write('secrets/token', 's3cret-value\n');
      files.write(
        'sluice.yaml',
        oneApplication('hosting: { environmentVariables: { TOKEN: "${file:secrets/token}" } }'),
      );
      const result = await files.load();
      expect(onlyHosting(result).environmentVariables).toEqual([{ name: 'TOKEN', value: 's3cret-value' }]);
      expect(good(result).sources).toContain(files.path('secrets/token'));
    });
  });

  test('is hidden in every view and every message', async () => {
    await withFiles(async (files) => {
      files.write('app/server.js').write('token', 's3cret-value');
      files.write(
        'sluice.yaml',
        oneApplication(
          'hosting:\n  arguments: server.js --token=%TOKEN%\n  environmentVariables: { TOKEN: "${file:token}" }',
        ),
      );
      const result = await files.load();
      const config = good(result);
      expect(JSON.stringify(config)).toContain('s3cret-value');
      const shown = redact(config, result.secrets ?? []);
      expect(JSON.stringify(shown)).not.toContain('s3cret-value');
      expect(shown.applications[0]?.hosting?.arguments).toEqual(['--token=***']);
      const bad = await files.write('sluice.yaml', 'admin: { listen: "${file:token}" }').load();
      expect(JSON.stringify(bad.diagnostics)).not.toContain('s3cret');
      const enumeration = await files.write('sluice.yaml', 'underscoresInHeaders: "${file:token}"').load();
      expect(JSON.stringify(enumeration.diagnostics)).not.toContain('s3cret');
    });
  });

  test('a secret is never taken for a number', async () => {
    await withFiles(async (files) => {
      files.write('n', '3').write('sluice.yaml', 'listeners: ${file:n}\n');
      expect(places((await files.load()).diagnostics)).toEqual(['1:12 wrong-type']);
    });
  });
});

test('values keep the text that was written', async () => {
  await withFiles(async (files) => {
    const variables = '{ A: 1.10, B: 0x10, C: 007, D: true, E: 1e3, F: ~, G: "" }';
    files
      .write('app/server.js')
      .write('sluice.yaml', oneApplication(`hosting: { environmentVariables: ${variables} }`));
    const result = await files.load();
    expect(places(result.diagnostics)).toEqual(['7:90 wrong-type']);
    files.write('sluice.yaml', oneApplication(`hosting: { environmentVariables: ${variables.replace('F: ~, ', '')} }`));
    expect(onlyHosting(await files.load()).environmentVariables.map(({ value }) => value)).toEqual([
      '1.10',
      '0x10',
      '007',
      'true',
      '1e3',
      '',
    ]);
  });
});
