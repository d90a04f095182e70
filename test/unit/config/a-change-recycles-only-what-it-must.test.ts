import { expect, test } from '@jest/globals';
import { type ConfigDiff, diffConfig } from '../../../config/change/diff.js';
import { good, withFiles } from './support.js';

const before = `
applicationPools: [{ name: a }, { name: b }]
sites:
  - name: m
    bindings: [{ bindingInformation: "*:80:" }]
    applications:
      - { path: /a, applicationPool: a, physicalPath: ./app }
      - { path: /b, applicationPool: b, physicalPath: ./app }
`;

async function diff(change: (text: string) => string): Promise<ConfigDiff> {
  let found: ConfigDiff = { pools: [], routes: false, restart: [] };
  await withFiles(async (files) => {
    files.write('app/server.js').write('app/other.js');
    const old = good(await files.write('sluice.yaml', before).load());
    found = diffConfig(old, good(await files.write('sluice.yaml', change(before)).load()));
  });
  return found;
}

test('nothing', async () => {
  expect(await diff((text) => `${text}# comment\n`)).toEqual({ pools: [], routes: false, restart: [] });
});

test('numbers are live, what a worker was started with is a recycle', async () => {
  expect((await diff((text) => text.replace('{ name: a }', '{ name: a, queueLength: 50 }'))).pools).toEqual([
    { pool: 'a', change: 'live' },
  ]);
  for (const more of [
    'environmentVariables: { X: 1 }',
    'processModel: { maxProcesses: 2 }',
    'nodePath: /proc/self/exe',
  ]) {
    expect((await diff((text) => text.replace('{ name: a }', `{ name: a, ${more} }`))).pools).toEqual([
      { pool: 'a', change: 'recycle' },
    ]);
  }
});

test('disallowRotationOnConfigChange keeps the workers for a changed pool, not for a changed application', async () => {
  const keep = 'recycling: { disallowRotationOnConfigChange: true }';
  expect(
    (await diff((text) => text.replace('{ name: a }', `{ name: a, ${keep}, environmentVariables: { X: 1 } }`))).pools,
  ).toEqual([{ pool: 'a', change: 'live' }]);
  const changed = (text: string): string =>
    text.replace('{ name: a }', `{ name: a, ${keep} }`).replace('./app }', './app, hosting: { arguments: other.js } }');
  expect((await diff(changed)).pools).toEqual([{ pool: 'a', change: 'recycle' }]);
});

test('hosting, path and folder of an application recycle its pool only', async () => {
  for (const more of ['hosting: { arguments: other.js }', 'hosting: { environmentVariables: { A: 1 } }']) {
    const result = await diff((text) => text.replace('./app }', `./app, ${more} }`));
    expect(result).toMatchObject({ pools: [{ pool: 'a', change: 'recycle' }], routes: true });
  }
  expect((await diff((text) => text.replace('/a,', '/z,'))).pools).toEqual([{ pool: 'a', change: 'recycle' }]);
});

test('an application that moves touches both pools', async () => {
  expect((await diff((text) => text.replace('applicationPool: b', 'applicationPool: a'))).pools).toEqual([
    { pool: 'a', change: 'recycle' },
    { pool: 'b', change: 'recycle' },
  ]);
});

test('added and removed pools', async () => {
  const result = await diff((text) =>
    text.replaceAll('name: b', 'name: c').replace('applicationPool: b', 'applicationPool: c'),
  );
  expect(result.pools).toEqual([
    { pool: 'c', change: 'added' },
    { pool: 'b', change: 'removed' },
  ]);
});

test('bindings and limits only need new routes', async () => {
  expect(await diff((text) => text.replace('*:80:', '*:81:'))).toEqual({ pools: [], routes: true, restart: [] });
  const limit = 'security: { requestFiltering: { requestLimits: { maxAllowedContentLength: 5 } } }';
  expect(await diff((text) => text.replace('./app }', `./app, ${limit} }`))).toEqual({
    pools: [],
    routes: true,
    restart: [],
  });
});

test('server settings that wait for the next start are named', async () => {
  expect((await diff((text) => `listeners: 7\nadmin: { listen: none }\n${text}`)).restart).toEqual([
    'listeners',
    'admin',
  ]);
});
