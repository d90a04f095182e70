import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Python with a fixed path: one below somebody's home folder is out of reach for pools. */
export const python3 = '/usr/bin/python3';

export function findProgram(name: string): string | null {
  const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const candidates = name.startsWith('/') ? [name] : folders.map((folder) => join(folder, name));
  for (const path of candidates) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here: the next folder.
    }
  }
  return null;
}
