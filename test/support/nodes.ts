/** The Node binaries of this checkout: the one that runs, and those that `npm run test:nodes` fetched. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.js';

/** Paths, the running one first. */
export function nodes(): string[] {
  const cache = join(repository, '.cache');
  const fetched = names(cache)
    .filter((name) => /^node\d+$/.test(name))
    .sort()
    .map((name) => join(cache, name, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node'))
    .filter(isExecutable);
  return [process.execPath, ...fetched];
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
