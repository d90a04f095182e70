/** Small file operations that the runtimes share: atomic writes, names that are safe in a path, is it a file. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, messageOf, SluiceError } from '../../config/base/errors.js';

/** What `writeAtomic` writes first. It stays when the writer is killed, and the next one overwrites it. */
export function unfinished(file: string): string {
  return `${file}.new`;
}

/**
 * Temp file, fsync, rename, fsync of the folder: after a crash, and after a power cut, the file is the old or the
 * new one. One process at a time writes it. Throws SluiceError `write-failed`; then the old file is as it was.
 */
export function writeAtomic(file: string, content: string, mode = 0o600): void {
  const temporary = unfinished(file);
  try {
    const fd = openSync(temporary, 'w', mode);
    try {
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new SluiceError('write-failed', `${file} cannot be written: ${messageOf(error)}`, 'look at that disk');
  }
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * A pool or application name as one path component. Plain names stay readable; any other gets a hash,
 * so that two names never share a folder.
 */
export function safeName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) return name;
  const readable = name
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${readable}.${hash}`;
}

/** Whatever stands in the way of asking (a name too long, a folder that refuses) means no. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** undefined = no such file, also where a part of the path that should be a folder is none. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
