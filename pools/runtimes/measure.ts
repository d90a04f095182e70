/** What the kernel says of workers: the memory of all processes of each, and whether it is stopped. */
import { readFileSync } from 'node:fs';
import { type ProcessStat, readProcesses, readStat } from './proc.js';

export interface Measure {
  /** Resident and swapped out. */
  readonly memoryBytes: number;
  /** Anonymous memory, resident or swapped out: what would be free without them. */
  readonly privateBytes: number;
  /** The main process is stopped by a signal (state T), not by a debugger. */
  readonly isStopped: boolean;
}

/**
 * By main process; one that is gone is not in it. With `memory` one pass over /proc serves all of them, without it
 * sizes are 0 and only their own state is read.
 */
export function measureWorkers(leaders: readonly number[], memory: boolean): ReadonlyMap<number, Measure> {
  const found = new Map<number, Measure>();
  const members = memory ? families(leaders, readProcesses()) : new Map<number, number[]>();
  for (const leader of leaders) {
    const stat = readStat(leader);
    if (stat === null) continue;
    let memoryBytes = 0;
    let privateBytes = 0;
    for (const pid of members.get(leader) ?? []) {
      const size = readSize(pid);
      memoryBytes += size.memoryBytes;
      privateBytes += size.privateBytes;
    }
    found.set(leader, { memoryBytes, privateBytes, isStopped: stat.state === 'T' });
  }
  return found;
}

/** Leader -> its group, its session and everything that descends from them. */
function families(leaders: readonly number[], processes: readonly ProcessStat[]): Map<number, number[]> {
  const wanted = new Set(leaders);
  const byPid = new Map(processes.map((one) => [one.pid, one]));
  const members = new Map<number, number[]>();
  for (const one of processes) {
    const leader = leaderOf(one, wanted, byPid);
    if (leader !== null) members.set(leader, [...(members.get(leader) ?? []), one.pid]);
  }
  return members;
}

function leaderOf(
  process: ProcessStat,
  wanted: ReadonlySet<number>,
  byPid: ReadonlyMap<number, ProcessStat>,
): number | null {
  const seen = new Set<number>();
  for (let at: ProcessStat | undefined = process; at !== undefined && !seen.has(at.pid); at = byPid.get(at.parent)) {
    seen.add(at.pid);
    const leader = [at.pid, at.group, at.session].find((id) => wanted.has(id));
    if (leader !== undefined) return leader;
  }
  return null;
}

function readSize(pid: number): { readonly memoryBytes: number; readonly privateBytes: number } {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return { memoryBytes: 0, privateBytes: 0 };
  }
  const bytes = (name: string): number => {
    const value = new RegExp(`^${name}:\\s+([0-9]+) kB$`, 'm').exec(text)?.[1];
    return value === undefined ? 0 : Number(value) * 1_024;
  };
  const swapped = bytes('VmSwap');
  return { memoryBytes: bytes('VmRSS') + swapped, privateBytes: bytes('RssAnon') + swapped };
}
