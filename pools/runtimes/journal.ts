/**
 * The journal of worker processes in the run folder: what is still listed when Sluice starts was
 * left by a primary that died, and is killed if it is still the same process (pid and start time).
 * Plain appended lines `+pid startTime` and `-pid`, below one line with the id of this boot.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../config/base/errors.js';
import { unfinished, writeAtomic } from './files.js';
import { awaitEarlierGuardian } from './guardian.js';
import { readStat } from './proc.js';

const journalFile = 'workers.journal';

export interface Journal {
  add(pid: number): void;
  remove(pid: number): void;
  /** Nothing is left: removes the file. */
  close(): void;
}

/** Lines appended before the file is written anew with the living ones only. */
const linesMax = 1_000;

/**
 * Starts a new journal; call `killLeftovers` before. `failed` hears once when the disk is full or fails: workers go
 * on, because the guardian knows them too, and the first write that succeeds again writes everything.
 */
export function createJournal(runDir: string, failed: (error: unknown) => void = () => undefined): Journal {
  mkdirSync(runDir, { recursive: true, mode: 0o711 });
  const file = join(runDir, journalFile);
  const live = new Map<number, string>();
  let lines = 0;
  let isWhole = true;

  function append(line: string): void {
    try {
      if (isWhole && ++lines <= linesMax) return appendFileSync(file, line);
      writeAtomic(file, [`${bootId()}\n`, ...live.values()].join(''));
      lines = 0;
      isWhole = true;
    } catch (error) {
      if (isWhole) failed(error);
      isWhole = false;
    }
  }

  writeAtomic(file, `${bootId()}\n`);
  return {
    add(pid) {
      const stat = readStat(pid);
      if (stat === null) return;
      const line = `+${pid} ${stat.startTime}\n`;
      live.set(pid, line);
      append(line);
    },
    remove(pid) {
      if (live.delete(pid)) append(`-${pid}\n`);
    },
    close() {
      for (const one of [file, unfinished(file)]) rmSync(one, { force: true });
    },
  };
}

/**
 * Kills the process groups that an earlier primary with this run folder left behind, once its guardian has
 * had its turn, and returns their leaders' pids. The caller holds the instance lock, so nobody else works with these processes.
 */
export function killLeftovers(runDir: string): number[] {
  awaitEarlierGuardian(runDir);
  let lines: string[];
  try {
    lines = readFileSync(join(runDir, journalFile), 'latin1').split('\n');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  if (lines[0] !== bootId()) return [];
  return [...listed(lines)].filter(([pid, startTime]) => killGroup(pid, startTime)).map(([pid]) => pid);
}

function listed(lines: readonly string[]): Map<number, number> {
  const live = new Map<number, number>();
  for (const line of lines) {
    const match = /^([+-])([0-9]+)(?: ([0-9]+))?$/.exec(line);
    if (match === null) continue;
    if (match[1] === '+') live.set(Number(match[2]), Number(match[3]));
    else live.delete(Number(match[2]));
  }
  return live;
}

/**
 * A leader that is gone may have left its group: while the group exists its number is not given to a
 * new process, so a missing leader means the old group, and another start time means it is long gone.
 */
function killGroup(leader: number, startTime: number): boolean {
  const stat = readStat(leader);
  if (stat !== null && stat.startTime !== startTime) return false;
  try {
    process.kill(-leader, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
