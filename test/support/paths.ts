import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: this file runs as dist/test/support/paths.js. */
export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The command line of Sluice. Tests call it with node directly: npx costs seconds. */
export const sluiceMain = join(repository, 'dist', 'server', 'cli', 'main.js');

/** A fixture application below test/apps. */
export function app(name: string): string {
  return join(repository, 'test', 'apps', name);
}

/** The first folder on the way to `path` that other users cannot enter, or null. */
export function firstClosedFolder(path: string): string | null {
  const folders: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    folders.unshift(at);
    if (dirname(at) === at) break;
  }
  return folders.find((folder) => (statSync(folder).mode & 0o001) === 0) ?? null;
}

/** True where pools may run under ids of their own: root, and nothing on the way is closed to them. */
export function canSwitchUsers(): boolean {
  return (
    process.getuid?.() === 0 &&
    firstClosedFolder(repository) === null &&
    firstClosedFolder(dirname(process.execPath)) === null
  );
}
