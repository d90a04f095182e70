import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Look of what is not there. */
export const absentLook = '-';

/** Changes when the file appears, disappears, is replaced or written. */
export function lookOf(found: Stats | undefined): string {
  return found === undefined ? absentLook : `${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}`;
}

/** When a name in a folder changed, and when anything did; 0 = it was not there. */
export function timesIn(look: string): { readonly mtimeMs: number; readonly ctimeMs: number } {
  const [, , mtimeMs = 0, ctimeMs = 0] = look.split(':').map(Number);
  return { mtimeMs, ctimeMs };
}

/** Of several files together. */
export async function fileLooks(files: readonly string[]): Promise<string> {
  const looks = files.map((file) => stat(file).then(lookOf, () => absentLook));
  return (await Promise.all(looks)).join(' ');
}
