/** Makes room for a dump or profile: the newest ones stay, within a number and a size. */
import fs from 'node:fs';
import path from 'node:path';
import { dumpsKeptBytesMax, dumpsKeptMax } from '../../../../config/base/profile-limits.js';

/** `isOurs` knows the names of the files that count. Others may take away files of the folder meanwhile. */
export function makeRoom(folder: string, isOurs: (name: string) => boolean): void {
  const found: { readonly file: string; readonly bytes: number; readonly changedMs: number }[] = [];
  for (const name of fs.readdirSync(folder).filter(isOurs)) {
    const file = path.join(folder, name);
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() === true) found.push({ file, bytes: stat.size, changedMs: stat.mtimeMs });
  }
  found.sort((a, b) => b.changedMs - a.changedMs);
  let bytes = 0;
  for (const [index, one] of found.entries()) {
    bytes += one.bytes;
    if (index >= dumpsKeptMax - 1 || bytes > dumpsKeptBytesMax) fs.rmSync(one.file, { force: true });
  }
}
