import { expect, test } from '@jest/globals';
import { readText } from './sources.js';

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const folders = ['.', 'test/apps/more-frameworks', 'test/apps/next-app'];

test.each(folders)('npm ci finds every optional package of every platform in the lock file of %s', (folder) => {
  const { packages } = JSON.parse(readText(`${folder}/package-lock.json`)) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {}).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
  // Enter them with: node deploy/npm/complete-lock.mjs FOLDER
  expect(missing).toEqual([]);
});
