/** What a server that died has left on the machine: processes, control groups, leases of user ids. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findHierarchies, readSources } from '../../pools/runtimes/cgroups/hierarchies.js';
import { leaseFolder } from '../../pools/runtimes/isolation/leases.js';
import { allProcesses, commandLine, processStat, statusNumber } from './processes.js';

/** How to recognise what is a server's: its folders in a command line or as working folder, its users, its process groups. */
export interface Marks {
  readonly folders: readonly string[];
  readonly users: { readonly first: number; readonly last: number };
  /** Of primaries that were started in a session of their own; listeners stay in it. */
  readonly primaries: readonly number[];
}

/** Living processes in words. */
export function processesLeft({ folders, users, primaries }: Marks): string[] {
  return allProcesses()
    .filter(({ pid, state }) => pid !== process.pid && state !== 'Z' && state !== 'X')
    .filter(({ pid, group }) => {
      const uid = statusNumber(pid, 'Uid') ?? -1;
      if (uid >= users.first && uid <= users.last) return true;
      const names = [commandLine(pid), workingFolder(pid)];
      return primaries.includes(group) || folders.some((one) => names.some((name) => name.includes(one)));
    })
    .filter(({ pid, startTicks }) => processStat(pid)?.startTicks === startTicks)
    .map(({ pid, state }) => `${pid} ${state} ${commandLine(pid).slice(0, 80)}`);
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** Control groups of a server (`instanceOf` its run folder), and how many processes each holds. */
export function groupsLeft(instance: string): string[] {
  const { hierarchies } = findHierarchies(instance, readSources());
  return hierarchies.flatMap(({ parent, prefix }) =>
    namesIn(parent)
      .filter((name) => name.startsWith(prefix) && existsSync(join(parent, name, 'cgroup.procs')))
      .map((name) => `${join(parent, name)}: ${members(join(parent, name))}`),
  );
}

function members(group: string): number {
  try {
    return readFileSync(join(group, 'cgroup.procs'), 'latin1').split('\n').length - 1;
  } catch {
    // Removed in this moment.
    return 0;
  }
}

/** Leases of user ids that name one of these processes. */
export function leasesLeft(pids: readonly number[]): string[] {
  const text = (name: string): string => readFileSync(join(leaseFolder, name), 'latin1');
  return namesIn(leaseFolder).filter(
    (name) => existsSync(join(leaseFolder, name)) && pids.includes(Number.parseInt(text(name), 10)),
  );
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
