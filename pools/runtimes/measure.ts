/** What the kernel says of workers: memory and CPU time of all processes of each, and whether it is stopped. */
import { readFileSync } from 'node:fs';
import { type ProcessStat, readProcesses, readStat } from './proc.js';

export interface Measure {
  /** Resident and swapped out. */
  readonly memoryBytes: number;
  /** Anonymous memory, resident or swapped out: what would be free without them. */
  readonly privateBytes: number;
  /** CPU time of those that live. */
  readonly cpuUs: number;
  /** The main process is stopped by a signal (state T), not by a debugger. */
  readonly isStopped: boolean;
}

/**
 * By main process; one that is gone is not in it. With `all` one pass over /proc serves every one of them, without it
 * sizes and times are 0 and only their own state is read.
 */
export function measureWorkers(leaders: readonly number[], all: boolean): ReadonlyMap<number, Measure> {
  const found = new Map<number, Measure>();
  const members = all ? families(leaders, readProcesses()) : new Map<number, ProcessStat[]>();
  for (const leader of leaders) {
    const stat = readStat(leader);
    if (stat === null) continue;
    let memoryBytes = 0;
    let privateBytes = 0;
    let cpuUs = 0;
    for (const member of members.get(leader) ?? []) {
      const size = readSize(member.pid);
      memoryBytes += size.memoryBytes;
      privateBytes += size.privateBytes;
      cpuUs += member.cpuUs;
    }
    found.set(leader, { memoryBytes, privateBytes, cpuUs, isStopped: stat.state === 'T' });
  }
  return found;
}

/** Leader -> its group, its session and everything that descends from them. */
function families(leaders: readonly number[], processes: readonly ProcessStat[]): Map<number, ProcessStat[]> {
  const wanted = new Set(leaders);
  const byPid = new Map(processes.map((one) => [one.pid, one]));
  const members = new Map<number, ProcessStat[]>();
  for (const one of processes) {
    const leader = leaderOf(one, wanted, byPid);
    if (leader !== null) members.set(leader, [...(members.get(leader) ?? []), one]);
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
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
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
