/**
 * What Linux tells about processes in /proc. Every reader answers "gone" instead of throwing. What is read often is read as
 * UTF-8: for that Node has a way of its own, which takes no buffer of 64 KiB for each file.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  /** R, S, D, T, Z ... */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** In clock ticks since boot: with the pid it names one process for the life of the machine. */
  readonly startTime: number;
  /** CPU time of its life. */
  readonly cpuUs: number;
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const tickUs = 10_000;

/** null when there is no such process. */
export function readStat(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The command in parentheses may hold anything, so fields count from the last ')'.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
    cpuUs: (Number(fields[11]) + Number(fields[12])) * tickUs,
  };
}

/** True when that very process still runs (a zombie does not). */
export function isAlive(pid: number, startTime: number): boolean {
  const stat = readStat(pid);
  return stat !== null && stat.startTime === startTime && stat.state !== 'Z';
}

/** All processes, one pass over /proc. */
export function readProcesses(): ProcessStat[] {
  const found: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    const stat = /^[0-9]+$/.test(name) ? readStat(Number(name)) : null;
    if (stat !== null) found.push(stat);
  }
  return found;
}

/** Program and arguments; empty when it is gone. */
export function readCommandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Real and saved user id: whoever has one of them may signal the process. Empty when it is gone or a zombie. */
export function readUsers(pid: number): number[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return [];
  }
  if (/^State:\s[ZX]/m.test(text)) return [];
  const match = /^Uid:\s+([0-9]+)\s+[0-9]+\s+([0-9]+)/m.exec(text);
  return match === null ? [] : [Number(match[1]), Number(match[2])];
}

/** User id -> the processes that run under it, one pass over /proc. */
export function readProcessesByUser(): Map<number, number[]> {
  const byUser = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    for (const uid of new Set(readUsers(Number(name)))) byUser.set(uid, [...(byUser.get(uid) ?? []), Number(name)]);
  }
  return byUser;
}

/** The leader's group and session and everything that descends from them, the leader included. */
export function readFamily(leader: number): number[] {
  const processes = readProcesses();
  const family = new Set([leader]);
  for (const p of processes) {
    if (p.group === leader || p.session === leader) family.add(p.pid);
  }
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const p of processes) {
      if (family.has(p.parent)) family.add(p.pid);
    }
  }
  return [...family];
}

/** Inodes of the sockets that these processes hold open. */
export function readSocketInodes(pids: readonly number[]): Set<string> {
  const inodes = new Set<string>();
  for (const pid of pids) {
    for (const target of readDescriptors(pid).values()) {
      const match = /^socket:\[([0-9]+)\]$/.exec(target);
      if (match?.[1] !== undefined) inodes.add(match[1]);
    }
  }
  return inodes;
}

/** Descriptor number -> what it refers to. */
export function readDescriptors(pid: number): Map<number, string> {
  const found = new Map<number, string>();
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return found;
  }
  for (const name of names) {
    try {
      found.set(Number(name), readlinkSync(`/proc/${pid}/fd/${name}`));
    } catch {
      // Closed between listing and reading.
    }
  }
  return found;
}
