/** Reading a file that somebody else may have prepared: bounded, regular files only, never blocking. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { codeOf, messageOf } from '../base/errors.js';

export type FileText =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * At most `bytesMax` bytes of a regular file. `followLinks: false` also refuses a symbolic link as the
 * last part of the path: for files in folders that a tenant may write.
 */
export async function readBounded(path: string, bytesMax: number, followLinks: boolean): Promise<FileText> {
  if (path.includes('\0')) return nulInPath;
  let handle: FileHandle;
  try {
    handle = await open(path, flagsOf(followLinks));
  } catch (error) {
    return notOpened(error);
  }
  try {
    const info = await handle.stat();
    const refused = notReadable(info, bytesMax);
    if (refused !== null) return refused;
    const buffer = roomFor(info, bytesMax);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytesOf(buffer, length, bytesMax);
  } catch (error) {
    return notRead(error);
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/**
 * The same at once: a load of the configuration has its own thread and may read 100,000 files, and waiting for each
 * costs ten times as much as reading it.
 */
export function readBoundedNow(path: string, bytesMax: number, followLinks: boolean): FileText {
  if (path.includes('\0')) return nulInPath;
  // Most files that are looked for are not there, and an error costs more than the look.
  let descriptor: number;
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return { kind: 'absent' };
    descriptor = openSync(path, flagsOf(followLinks));
  } catch (error) {
    return notOpened(error);
  }
  try {
    const info = fstatSync(descriptor);
    const refused = notReadable(info, bytesMax);
    if (refused !== null) return refused;
    const buffer = roomFor(info, bytesMax);
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return bytesOf(buffer, length, bytesMax);
  } catch (error) {
    return notRead(error);
  } finally {
    closeSync(descriptor);
  }
}

const nulInPath: FileText = { kind: 'refused', message: 'a path cannot hold NUL' };

function flagsOf(followLinks: boolean): number {
  return constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW);
}

function notOpened(error: unknown): FileText {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
  if (code === 'ELOOP') return { kind: 'refused', message: 'it is a symbolic link' };
  return { kind: 'refused', message: `it cannot be opened (${code === '' ? messageOf(error) : code})` };
}

function notRead(error: unknown): FileText {
  return { kind: 'refused', message: `it cannot be read (${messageOf(error)})` };
}

function notReadable(info: Stats, bytesMax: number): FileText | null {
  if (!info.isFile()) return { kind: 'refused', message: 'it is not a regular file' };
  if (info.size <= bytesMax) return null;
  return { kind: 'refused', message: `it has ${info.size} bytes; at most ${bytesMax} are read` };
}

/** One byte more than allowed: a file that grows while it is read is noticed, not followed. */
function roomFor(info: Stats, bytesMax: number): Buffer {
  return Buffer.allocUnsafe(bytesMax < info.size + 4_096 ? bytesMax + 1 : info.size + 4_096);
}

function bytesOf(buffer: Buffer, length: number, bytesMax: number): FileText {
  if (length > bytesMax) return { kind: 'refused', message: `it has more than ${bytesMax} bytes` };
  return { kind: 'bytes', bytes: buffer.subarray(0, length) };
}

/** UTF-8 (strict) or, by byte order mark, UTF-16; null when the bytes are neither. */
export function decodeText(bytes: Buffer): string | null {
  const [first, second] = [bytes[0], bytes[1]];
  const label =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
