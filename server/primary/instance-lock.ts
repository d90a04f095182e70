/**
 * One server per run folder: a file with the pid and the start time of its owner, made with O_EXCL. A pid
 * alone could belong to another process by now; with the start time it names one process for good.
 */
import { linkSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, SluiceError } from '../../config/base/errors.js';
import { isAlive, readStat } from '../../pools/runtimes/proc.js';

const lockName = 'sluice.lock';

export interface InstanceLock {
  /** A dead owner's lock was found and taken over. */
  readonly tookOver: boolean;
  release(): void;
}

/** Throws SluiceError `already-running` naming the pid of a living owner. */
export function takeInstanceLock(runDir: string): InstanceLock {
  const file = join(runDir, lockName);
  if (tryCreate(file)) return lock(file, false);
  moveStaleAside(file);
  if (!tryCreate(file)) throw alreadyRunning(file);
  return lock(file, true);
}

function lock(file: string, tookOver: boolean): InstanceLock {
  return {
    tookOver,
    release: () => {
      if (ownerOf(file)?.pid !== process.pid) return;
      rmSync(file, { force: true });
      removeIfEmpty(dirname(file));
    },
  };
}

/** A run folder below /tmp must not stay behind; one that others made or use does. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or not ours to remove.
  }
}

function tryCreate(file: string): boolean {
  const startTime = readStat(process.pid)?.startTime ?? 0;
  try {
    writeFileSync(file, `${process.pid} ${startTime}\n`, { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Two starters may both find a stale lock, and the slower one may move the quicker one's new file: it
 * looks at what it moved and puts a living lock back.
 */
function moveStaleAside(file: string): void {
  if (isHeld(file)) throw alreadyRunning(file);
  const aside = `${file}.${process.pid}`;
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

function isHeld(file: string): boolean {
  const owner = ownerOf(file);
  return owner !== null && isAlive(owner.pid, owner.startTime);
}

function ownerOf(file: string): { readonly pid: number; readonly startTime: number } | null {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return null;
  }
  const match = /^([0-9]{1,10}) ([0-9]{1,20})\n$/.exec(text);
  return match === null ? null : { pid: Number(match[1]), startTime: Number(match[2]) };
}

function alreadyRunning(file: string): SluiceError {
  const pid = ownerOf(file)?.pid ?? 0;
  return new SluiceError(
    'already-running',
    `Sluice already runs with this configuration: process ${pid} holds ${file}`,
    `stop it first (kill ${pid}), or set another runDir`,
  );
}
