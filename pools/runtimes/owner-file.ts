/**
 * Files that say which process owns something: made with O_EXCL, holding the pid and the start time of the owner.
 * A pid alone could belong to another process by now; with the start time it names one process for good.
 */
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../config/base/errors.js';
import { isAlive, readStat } from './proc.js';

/** End of the name of a file that was moved aside: it stays when its mover is killed in between. */
const asideSuffix = '.stale';

function ownLine(): string {
  return `${process.pid} ${readStat(process.pid)?.startTime ?? 0}\n`;
}

/** What its owner passes on to us: at no moment is there no file. */
export function adoptOwned(file: string): void {
  const made = `${file}.${process.pid}${asideSuffix}`;
  writeFileSync(made, ownLine(), { mode: 0o644 });
  renameSync(made, file);
}

/** @returns false: the file is there. */
export function createOwned(file: string): boolean {
  try {
    writeFileSync(file, ownLine(), { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

export function ownerOf(file: string): { readonly pid: number; readonly startTime: number } | null {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return null;
  }
  const match = /^([0-9]{1,10}) ([0-9]{1,20})\n$/.exec(text);
  return match === null ? null : { pid: Number(match[1]), startTime: Number(match[2]) };
}

/** @returns false: it is not ours, or not any more. */
export function removeOwned(file: string): boolean {
  if (ownerOf(file)?.pid !== process.pid) return false;
  rmSync(file, { force: true });
  return true;
}

/** Its owner lives. */
export function isHeld(file: string): boolean {
  const owner = ownerOf(file);
  return owner !== null && isAlive(owner.pid, owner.startTime);
}

/**
 * Moves a dead owner's file aside; that of a living one stays. Two takers may both see it as stale, and the
 * slower one may move the quicker one's new file: it looks at what it moved and puts a living one back.
 */
export function removeStale(file: string): void {
  if (isHeld(file)) return;
  const aside = `${file}.${process.pid}${asideSuffix}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (isHeld(aside)) {
    try {
      linkSync(aside, file);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  rmSync(aside, { force: true });
}

/** Files that a taker left aside when it was killed in between. */
export function removeAsides(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith(asideSuffix) && !isHeld(join(folder, name))) rmSync(join(folder, name), { force: true });
  }
}
