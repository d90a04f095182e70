/**
 * Machine-wide leases of user ids, so that two instances of Sluice never give the same id to
 * processes of their own: one file per id, made with O_EXCL, holding the owner's pid and start time.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../../config/base/errors.js';
import { isAlive, readStat } from '../proc.js';

export const leaseFolder = '/run/sluice-uids';

export interface Leases {
  /** False when another living instance holds the id. Taking it twice is harmless. */
  take(id: number): boolean;
  /** Gives every lease back. */
  releaseAll(): void;
}

export function createLeases(folder: string = leaseFolder): Leases {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const owner = `${process.pid} ${readStat(process.pid)?.startTime ?? 0}\n`;
  const held = new Set<number>();

  function tryCreate(file: string): boolean {
    try {
      writeFileSync(file, owner, { flag: 'wx', mode: 0o644 });
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /**
   * Moves a dead owner's file aside. Two takers may both see it as stale, and the slower one may move
   * the quicker one's new file: it looks at what it got and puts a living lease back.
   */
  function removeStale(file: string): void {
    if (isHeld(file)) return;
    const aside = `${file}.${process.pid}.stale`;
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

  return {
    take(id) {
      if (held.has(id)) return true;
      const file = join(folder, String(id));
      if (!tryCreate(file)) {
        removeStale(file);
        if (!tryCreate(file)) return false;
      }
      held.add(id);
      return true;
    },
    releaseAll() {
      for (const id of held) rmSync(join(folder, String(id)), { force: true });
      held.clear();
      removeFolderLeftovers(folder);
    },
  };
}

function isHeld(file: string): boolean {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return false;
  }
  const [pid, startTime] = text.trim().split(' ').map(Number);
  return pid !== undefined && startTime !== undefined && isAlive(pid, startTime);
}

/** Files that a taker left aside when it was killed in between. */
function removeFolderLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.stale') && !isHeld(join(folder, name))) rmSync(join(folder, name), { force: true });
  }
}
