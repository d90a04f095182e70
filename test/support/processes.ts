/** Readers of /proc: process trees, CPU time, memory and descriptors of processes that tests look at. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly state: string;
  /** Ticks of user and system time of all threads, living and joined. */
  readonly cpuTicks: number;
  /** Ticks since boot; with the pid it names a process for good. */
  readonly startTicks: number;
}

/** USER_HZ: the unit of /proc times on every Linux that Node runs on. */
export const ticksPerSecond = 100;

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

export function processStat(pid: number): ProcessStat | null {
  const text = read(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The command name may hold spaces and parentheses: fields start after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (index: number): number => Number(fields[index] ?? 0);
  return {
    pid,
    state: fields[0] ?? '?',
    parent: field(1),
    group: field(2),
    cpuTicks: field(11) + field(12),
    startTicks: field(19),
  };
}

export function allProcesses(): ProcessStat[] {
  const found: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = processStat(Number(name));
    if (stat !== null) found.push(stat);
  }
  return found;
}

/** The process and everything below it by parent, living ones only (zombies are not counted). */
export function processTree(root: number): ProcessStat[] {
  const all = allProcesses();
  const tree = all.filter((one) => one.pid === root);
  for (let index = 0; index < tree.length; index += 1) {
    const parent = tree[index]?.pid;
    tree.push(...all.filter((one) => one.parent === parent && one.pid !== root));
  }
  return tree.filter((one) => one.state !== 'Z');
}

export function isAlive(pid: number): boolean {
  const stat = processStat(pid);
  return stat !== null && stat.state !== 'Z' && stat.state !== 'X';
}

export function commandLine(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? '').split('\0').join(' ').trim();
}

/** One number of /proc/PID/status, such as `VmRSS` (KiB) or `Uid` (real id). */
export function statusNumber(pid: number, name: string): number | null {
  const line = (read(`/proc/${pid}/status`) ?? '').split('\n').find((one) => one.startsWith(`${name}:`));
  const value = line?.split(/\s+/)[1];
  return value === undefined ? null : Number(value);
}

export function residentBytes(pid: number): number {
  return (statusNumber(pid, 'VmRSS') ?? 0) * 1024;
}

export function descriptorCount(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** What the descriptors point at, for messages about a leak. */
export function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [`${fd} -> ${readlinkSync(`/proc/${pid}/fd/${fd}`)}`];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** CPU seconds of these processes together; a process that is gone counts nothing. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (processStat(pid)?.cpuTicks ?? 0), 0) / ticksPerSecond;
}
