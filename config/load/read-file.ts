/** Reading a file that somebody else may have prepared: bounded, regular files only, never blocking. */
import { constants } from 'node:fs';
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
  if (path.includes('\0')) return { kind: 'refused', message: 'a path cannot hold NUL' };
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW);
  let handle: FileHandle;
  try {
    handle = await open(path, flags);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    if (code === 'ELOOP') return { kind: 'refused', message: 'it is a symbolic link' };
    return { kind: 'refused', message: `it cannot be opened (${code === '' ? messageOf(error) : code})` };
  }
  try {
    return await readAll(handle, bytesMax);
  } catch (error) {
    return { kind: 'refused', message: `it cannot be read (${messageOf(error)})` };
  } finally {
    await handle.close().catch(() => undefined);
  }
}

async function readAll(handle: FileHandle, bytesMax: number): Promise<FileText> {
  const info = await handle.stat();
  if (!info.isFile()) return { kind: 'refused', message: 'it is not a regular file' };
  if (info.size > bytesMax)
    return { kind: 'refused', message: `it has ${info.size} bytes; at most ${bytesMax} are read` };
  // One byte more than allowed: a file that grows while it is read is noticed, not followed.
  const buffer = Buffer.alloc(bytesMax < info.size + 4_096 ? bytesMax + 1 : info.size + 4_096);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
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
