/** One server per run folder: a file in it names its owner. */
import { rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SluiceError } from '../../config/base/errors.js';
import {
  adoptOwned,
  createOwned,
  isHeld,
  ownerOf,
  removeAsides,
  removeOwned,
  removeStale,
} from '../../pools/runtimes/owner-file.js';

const lockName = 'sluice.lock';

export interface InstanceLock {
  /** A dead owner's lock was found and taken over. */
  readonly tookOver: boolean;
  release(): void;
}

/** Throws SluiceError `already-running` naming the pid of a living owner. */
export function takeInstanceLock(runDir: string): InstanceLock {
  const file = join(runDir, lockName);
  if (createOwned(file)) return lock(file, false);
  removeStale(file);
  if (!createOwned(file)) throw alreadyRunning(file);
  return lock(file, true);
}

/** Process id of the server that runs in this folder; 0 = none does. */
export function serverIn(runDir: string): number {
  const file = join(runDir, lockName);
  return isHeld(file) ? (ownerOf(file)?.pid ?? 0) : 0;
}

/**
 * The lock of a living primary that passes everything on to us. `adopt` is called when it has agreed; before, the lock is
 * the other's. Throws SluiceError when it is not held by process `owner`.
 */
export function inheritInstanceLock(runDir: string, owner: number): InstanceLock & { adopt(): void } {
  const file = join(runDir, lockName);
  if (ownerOf(file)?.pid !== owner || !isHeld(file)) throw alreadyRunning(file);
  return { ...lock(file, false), adopt: () => adoptInstanceLock(runDir) };
}

/** Whoever had it has agreed, or is gone. */
export function adoptInstanceLock(runDir: string): void {
  adoptOwned(join(runDir, lockName));
}

function lock(file: string, tookOver: boolean): InstanceLock {
  return {
    tookOver,
    release: () => {
      if (!removeOwned(file)) return;
      removeAsides(dirname(file));
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

function alreadyRunning(file: string): SluiceError {
  const pid = ownerOf(file)?.pid ?? 0;
  return new SluiceError(
    'already-running',
    `Sluice already runs with this configuration: process ${pid} holds ${file}`,
    `stop it first (kill ${pid}), or set another runDir`,
  );
}
