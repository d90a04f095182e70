import { expect, test } from '@jest/globals';
import { readText } from './sources.js';

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

test('npm ci finds every optional package of every platform in the lock file', () => {
  const { packages } = JSON.parse(readText('package-lock.json')) as { packages: Readonly<Record<string, Locked>> };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {}).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
  // Enter them with: node deploy/npm/complete-lock.mjs
  expect(missing).toEqual([]);
});
