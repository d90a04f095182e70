/**
 * A primary that follows a living one keeps the sockets and the journal of its workers in a folder of its own below the
 * run folder: both have workers for a while. One that starts anew uses the run folder itself.
 */
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Short: paths of unix sockets lie below it. */
const name = /^g[0-9]+$/;

export function generationFolder(runDir: string): string {
  const folder = join(runDir, `g${process.pid}`);
  mkdirSync(folder, { recursive: true });
  // Whatever the umask: listeners and workers pass through.
  chmodSync(folder, 0o711);
  return folder;
}

/** Folders that primaries left behind. */
export function generationsIn(runDir: string): readonly string[] {
  return readdirSync(runDir)
    .filter((one) => name.test(one))
    .map((one) => join(runDir, one));
}
