/**
 * The administrator's files are read when nobody is writing them, and what was read counts only if nobody wrote them
 * meanwhile: half of one edition and half of the next can be a valid file that nobody ever meant. A file that is
 * renamed into place is whole at every moment, and nothing waits for it.
 */
import { type Stats, statSync } from 'node:fs';
import { type Clock, pause } from '../../config/base/clock.js';
import { configQuietMs, configQuietWaitMs, readAttemptsMax } from '../../config/base/limits.js';

/** What `stat` says of a file; null = it is not there. */
type Look = Pick<Stats, 'ino' | 'size' | 'birthtimeMs' | 'mtimeMs' | 'ctimeMs'> | null;

/** Between the making of a file and its only write; the kernel's times move in steps of up to 10 ms. */
const writtenAtBirthMs = 15;

/**
 * @param movedAtMs when a file came by a rename, as far as that was seen: there is nothing to wait for.
 * @returns null: somebody writes on and on.
 */
export async function readWhole<T>(
  clock: Clock,
  files: readonly string[],
  load: () => Promise<T>,
  movedAtMs: (file: string) => number | null = () => null,
): Promise<T | null> {
  for (let attempt = 0; attempt < readAttemptsMax; attempt++) {
    if (!(await whenQuiet(clock, files, movedAtMs))) continue;
    const before = files.map(lookAt);
    const loaded = await load();
    if (files.every((file, index) => !isWrittenInPlace(before[index] ?? null, lookAt(file)))) return loaded;
  }
  return null;
}

/** @returns false: somebody writes on. What is there then may be parts of two editions however quickly it is read. */
async function whenQuiet(
  clock: Clock,
  files: readonly string[],
  movedAtMs: (file: string) => number | null,
): Promise<boolean> {
  const giveUpMs = clock.monotonicMs() + configQuietWaitMs;
  let before: readonly Look[] = [];
  while (clock.monotonicMs() < giveUpMs) {
    // Asked first: however long the looking takes, no file seems older than it is.
    const now = clock.wallMs();
    const looks = files.map(lookAt);
    const waitMs = files.reduce((longest, file, index) => {
      const look = looks[index] ?? null;
      return isMoved(look, movedAtMs(file)) ? longest : Math.max(longest, restMs(look, before[index] ?? null, now));
    }, 0);
    if (waitMs === 0) return true;
    before = looks;
    await pause(clock, waitMs);
  }
  return false;
}

/** Until the file was left alone for long enough. */
function restMs(look: Look, before: Look, nowMs: number): number {
  // After a write both times are the same; a rename moves only the second.
  if (look === null || look.ctimeMs > look.mtimeMs) return 0;
  // Another file has come by a rename, in the same tick as its only write. It may have been overwritten since.
  if (before !== null && before.ino !== look.ino && look.mtimeMs - look.birthtimeMs < writtenAtBirthMs) return 0;
  const ageMs = nowMs - look.mtimeMs;
  // A time in the future is of a file from elsewhere: nothing can be told from it.
  return ageMs < -configQuietMs ? 0 : Math.max(0, configQuietMs - Math.max(0, ageMs));
}

/** A file that is made in place is empty at first, and every write to it would have been told. */
function isMoved(look: Look, movedAtMs: number | null): boolean {
  return look !== null && movedAtMs !== null && look.size > 0 && look.mtimeMs <= movedAtMs;
}

function isWrittenInPlace(before: Look, after: Look): boolean {
  return before !== null && before.ino === after?.ino && before.mtimeMs !== after.mtimeMs;
}

function lookAt(file: string): Look {
  return statSync(file, { throwIfNoEntry: false }) ?? null;
}
