import { describe, expect, test } from '@jest/globals';
import { oneApplication, places, withFiles } from './support.js';

/** The diagnostics of one file, as `line:column code`, and the remedies. */
async function problems(text: string): Promise<{ places: string[]; remedies: string[]; messages: string[] }> {
  let found = { places: [] as string[], remedies: [] as string[], messages: [] as string[] };
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', text);
    const { config, diagnostics } = await files.load();
    expect(config).toBeNull();
    for (const one of diagnostics) expect(one.file).toBe(files.path('sluice.yaml'));
    found = {
      places: places(diagnostics),
      remedies: diagnostics.map((one) => one.remedy),
      messages: diagnostics.map((one) => one.message),
    };
  });
  return found;
}

describe('unknown keys', () => {
  test('name the nearest known key', async () => {
    const found = await problems(`aplicationPools: []\n${oneApplication()}`);
    expect(found.places).toEqual(['1:1 unknown-key']);
    expect(found.remedies).toEqual(['did you mean applicationPools?']);
  });

  test('name the place where the key belongs', async () => {
    const found = await problems('applicationPools:\n  - name: a\n    idleTimeout: "00:10:00"\n');
    expect(found.places).toEqual(['3:5 unknown-key']);
    expect(found.remedies).toEqual(['idleTimeout belongs under applicationPools[].processModel']);
  });

  test('are found in maps of every depth', async () => {
    const found = await problems(oneApplication('hosting: { processPath: x, argments: y }'));
    expect(found.places).toEqual(['7:36 unknown-key']);
    expect(found.remedies).toEqual(['did you mean arguments?']);
  });
});

describe('values', () => {
  test.each([
    ['applicationPools: [{ name: a, queueLength: "12" }]', '1:44 wrong-type', 'write it without quotes'],
    ['applicationPools: [{ name: a, queueLength: 70000 }]', '1:44 out-of-range', ''],
    ['applicationPools: [{ name: a, queueLength: 9 }]', '1:44 out-of-range', ''],
    ['applicationPools: [{ name: a, startMode: Always }]', '1:42 bad-value', ''],
    ['applicationPools: [{ name: a, startMode: alwaysrunning }]', '1:42 bad-value', 'did you mean AlwaysRunning?'],
    ['applicationPools: [{ name: 12 }]', '1:28 wrong-type', 'put it in quotes'],
    ['applicationPools: [{ queueLength: 12 }]', '1:20 missing', 'add name'],
    ['applicationPools: { a: {} }', '1:19 wrong-type', ''],
    ['applicationPools: [{ name: a/b }]', '1:28 bad-value', ''],
    ['applicationPools: [{ name: a, processModel: { idleTimeout: 20 } }]', '1:60 wrong-type', ''],
    ['applicationPools: [{ name: a, processModel: { idleTimeout: "20" } }]', '1:60 bad-value', ''],
    ['applicationPools: [{ name: a, processModel: { idleTimeout: "31.00:00:00" } }]', '1:60 bad-value', ''],
    ['watch: "yes"', '1:8 wrong-type', 'write true or false, without quotes'],
    ['sites: [{ name: x, bindings: [], applications: [{ path: /, physicalPath: . }] }]', '1:30 out-of-range', ''],
    ['admin: { listen: "9900" }', '1:18 bad-address', 'write 127.0.0.1:9900, or none'],
    ['trustedProxies: [10.0.0.0/33]', '1:18 bad-address', ''],
    ['identityRange: { first: 60000, last: 50000 }', '1:38 out-of-range', ''],
    ['memoryBudget: 1MiB', '1:15 bad-value', ''],
  ])('%s', async (text, place, remedy) => {
    const found = await problems(`${text}\n`);
    expect(found.places).toEqual([place]);
    expect(found.remedies).toEqual([remedy]);
  });

  test('of environment variables in both forms', async () => {
    expect((await problems('applicationPools: [{ name: a, environmentVariables: { X: [1] } }]')).places).toEqual([
      '1:58 wrong-type',
    ]);
    expect(
      (await problems('applicationPools: [{ name: a, environmentVariables: [{ name: X, valu: 1 }] }]')).places,
    ).toContain('1:65 unknown-key');
    expect((await problems('applicationPools: [{ name: a, environmentVariables: { "A=B": 1 } }]')).places).toEqual([
      '1:55 bad-value',
    ]);
  });
});

describe('meaning', () => {
  test('names must be unique, without case', async () => {
    expect((await problems('applicationPools: [{ name: a }, { name: A }]')).places).toEqual(['1:41 duplicate-name']);
  });

  test('a pool that is not declared is an error with the nearest name', async () => {
    const found = await problems(`applicationPools: [{ name: shop }]\n${oneApplication('applicationPool: shpo')}`);
    expect(found.places).toEqual(['8:26 unknown-pool']);
    expect(found.remedies).toEqual(['did you mean shop?']);
  });

  test('nodePath must exist', async () => {
    expect((await problems('applicationPools: [{ name: a, nodePath: ./none }]')).places).toEqual(['1:41 node-missing']);
    expect(
      (await problems('applicationPoolDefaults: { nodePath: ./none }\napplicationPools: [{ name: a }]')).places,
    ).toEqual(['1:38 node-missing']);
  });

  test.each(['shop', '/a//b', '/a/../b', '/a%20b', '/a\\\\b', '/a?b'])(
    'the application path "%s" is refused',
    async (path) => {
      const text = oneApplication().replace('path: /', `path: "${path}"`);
      expect((await problems(text)).places).toEqual(['5:15 bad-path']);
    },
  );

  test('two applications cannot have one path, compared without case', async () => {
    const more = '  - { path: /A/, physicalPath: ./app }\n      - { path: /a, physicalPath: ./app }\n';
    const found = await problems(`${oneApplication()}    ${more}`);
    expect(found.places).toContain('8:17 duplicate-path');
  });

  test('SpecificUser needs a name', async () => {
    const found = await problems('applicationPools: [{ name: a, processModel: { identityType: SpecificUser } }]');
    expect(found.places).toEqual(['1:61 missing']);
  });

  test('folders too long for unix sockets are refused', async () => {
    const found = await problems(`runDir: /${'x'.repeat(90)}`);
    expect(found.places).toEqual(['1:9 socket-path-too-long']);
    expect((await problems(`admin: { socket: "/${'y'.repeat(110)}" }`)).places).toEqual(['1:18 socket-path-too-long']);
  });

  test('in-process hosting of anything but Node names the line', async () => {
    const found = await problems(oneApplication('hosting:\n  hostingModel: InProcess\n  processPath: python3'));
    expect(found.places).toEqual(['8:25 application-cannot-run']);
    expect(found.messages[0]).toContain('only possible for Node');
  });
});

test('a file that is missing or of another kind is said so', async () => {
  await withFiles(async (files) => {
    expect(places((await files.load({}, 'none.yaml')).diagnostics)).toEqual(['0:0 file-missing']);
    files.write('sluice.toml', 'x = 1');
    expect(places((await files.load({}, 'sluice.toml')).diagnostics)).toEqual(['0:0 file-type']);
  });
});

test('problems come in reading order and all at once', async () => {
  const found = await problems('watch: 1\nlisteners: 0\nadmin: { listne: x }\n');
  expect(found.places).toEqual(['1:8 wrong-type', '2:12 out-of-range', '3:10 unknown-key']);
});
