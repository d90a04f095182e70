import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfig } from '../../../config/compile/compile.js';
import { repository } from '../../support/paths.js';
import { good } from './support.js';

const load = (name: string) => loadConfig(join(repository, 'config/examples', name), { environment: {}, uid: 1000 });

test.each(['smallest.yaml', 'smallest.json', 'full.yaml'])('%s compiles without a word', async (name) => {
  const result = await load(name);
  expect(result.diagnostics).toEqual([]);
  expect(good(result).applications.every((app) => app.failure === null)).toBe(true);
});

test('two-pools.yaml says that .NET runs out-of-process', async () => {
  const result = await load('two-pools.yaml');
  expect(result.diagnostics.map((one) => one.code)).toEqual(['dotnet-runs-out-of-process']);
  expect(
    good(result).applications.map((app) => [app.id, app.hosting?.hostingModel, app.maxAllowedContentLength]),
  ).toEqual([
    ['main/', 'InProcess', 30_000_000],
    ['main/legacy', 'OutOfProcess', 30_000_000],
    ['main/published', 'OutOfProcess', 52_428_800],
  ]);
});

test('full.yaml sets every setting that acts to another value than its default', async () => {
  const config = good(await load('full.yaml'));
  const plain = good(await load('smallest.yaml'));
  const same: string[] = [];
  const compare = (a: unknown, b: unknown, path: string): void => {
    if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null && !Array.isArray(a)) {
      for (const [key, value] of Object.entries(a)) compare(value, Reflect.get(b, key), `${path}.${key}`);
    } else if (JSON.stringify(a) === JSON.stringify(b)) same.push(path);
  };
  compare(config.server, plain.server, 'server');
  compare(config.pools[0], plain.pools[0], 'pool');
  compare(config.sites[0]?.limits, plain.sites[0]?.limits, 'limits');
  // The path of a Node differs between machines.
  expect(same).toEqual(['pool.isolation', 'pool.nodePath']);
});
