/**
 * Where on this machine our control groups can be made. Linux knows three arrangements: one cgroup v2 tree with
 * every controller (today's distributions), v1 trees with one or two controllers each, and both side by side with
 * the controllers on v1 (hybrid: the v2 tree can still kill whole groups and measure pressure).
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf } from '../../../config/base/errors.js';

export type CgroupMode = 'v2' | 'hybrid' | 'v1' | 'none';
export type Controller = 'memory' | 'cpu' | 'cpuacct' | 'pids';

export interface Hierarchy {
  readonly version: 1 | 2;
  readonly controllers: readonly Controller[];
  /** Our groups are made in it; nothing else of it is ours. */
  readonly parent: string;
  /** Their names begin with it. */
  readonly prefix: string;
}

export interface Layout {
  readonly mode: CgroupMode;
  readonly hierarchies: readonly Hierarchy[];
}

/** Texts of /proc/self/mountinfo and /proc/self/cgroup. */
export interface CgroupSources {
  readonly mountinfo: string;
  readonly ownGroups: string;
}

const wanted: readonly Controller[] = ['memory', 'cpu', 'cpuacct', 'pids'];

export function readSources(): CgroupSources {
  return {
    mountinfo: readFileSync('/proc/self/mountinfo', 'utf8'),
    ownGroups: readFileSync('/proc/self/cgroup', 'utf8'),
  };
}

/**
 * `instance` tells the groups of two servers on one machine apart. Makes what has to be there before groups can be.
 * `isSuccessor`: in a service's group the primary before us has groups for the same pools.
 */
export function findHierarchies(instance: string, sources: CgroupSources, isSuccessor = false): Layout {
  const mounts = mountsOf(sources.mountinfo);
  const own = ownGroupsOf(sources.ownGroups);
  const first = mounts
    .filter((mount) => mount.version === 1)
    .map((mount) => besideOthers(mount, own, instance))
    .filter(isWritable);
  const unified = mounts.find((mount) => mount.version === 2);
  if (first.length === 0) {
    const only = unified === undefined ? null : secondVersion(unified, own, instance, isSuccessor);
    return only === null ? { mode: 'none', hierarchies: [] } : { mode: 'v2', hierarchies: [only] };
  }
  const beside = unified === undefined ? null : besideOthers(unified, own, instance);
  if (beside === null || !isWritable(beside)) return { mode: 'v1', hierarchies: first };
  return { mode: 'hybrid', hierarchies: [beside, ...first] };
}

/** Of the names of all groups for pools in a service's group. */
export const servicePrefix = 'pool';

interface Mount {
  readonly version: 1 | 2;
  /** Of the hierarchy, what is seen at `point`. */
  readonly root: string;
  readonly point: string;
  readonly controllers: readonly Controller[];
}

function mountsOf(mountinfo: string): Mount[] {
  const found: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    if (type === 'cgroup2') found.push({ version: 2, root, point, controllers: [] });
    const controllers = wanted.filter((one) => options.split(',').includes(one));
    if (type === 'cgroup' && controllers.length > 0) found.push({ version: 1, root, point, controllers });
  }
  return found;
}

/** Controller ('' = version 2) -> the group that we are in. */
function ownGroupsOf(text: string): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    for (const controller of match?.[1]?.split(',') ?? []) groups.set(controller, match?.[2] ?? '/');
  }
  return groups;
}

/** Our own group as a folder; a server that was started by another one stands beside it, not in it. */
function folderOf(mount: Mount, own: ReadonlyMap<string, string>): string {
  const group = own.get(mount.version === 2 ? '' : (mount.controllers[0] ?? '')) ?? '/';
  const inside = group === mount.root || mount.root === '/' ? group : group.slice(mount.root.length);
  const folder = resolve(
    mount.point,
    `.${inside.replace(/\/sluice-[^/]*(?:\/[^/]*)?$/, '').replace(/\/-server$/, '')}`,
  );
  return existsSync(folder) ? folder : mount.point;
}

/** Beside the other groups and processes there: each pool has the weight of one of them. */
function besideOthers(mount: Mount, own: ReadonlyMap<string, string>, instance: string): Hierarchy {
  const { version, controllers } = mount;
  return { version, controllers, parent: folderOf(mount, own), prefix: `sluice-${instance}.` };
}

/** The service manager gave us a service's group; anywhere else everything of ours is in one group at the root. */
function secondVersion(
  mount: Mount,
  own: ReadonlyMap<string, string>,
  instance: string,
  isSuccessor: boolean,
): Hierarchy | null {
  const folder = folderOf(mount, own);
  const isService = folder.endsWith('.service');
  const parent = isService ? folder : join(mount.point, `sluice-${instance}`);
  try {
    mkdirSync(parent, { recursive: true });
    if (!isService) enable(mount.point);
    enable(parent);
  } catch {
    return null;
  }
  const controllers = controllersIn(join(parent, 'cgroup.subtree_control'));
  const prefix = isSuccessor ? `${servicePrefix}-${instance}.` : `${servicePrefix}.`;
  const found: Hierarchy = { version: 2, controllers, parent, prefix: isService ? prefix : '' };
  return isWritable(found) ? found : null;
}

/** A group that hands controllers on holds no processes itself, except the root: ours go one level down. */
function enable(folder: string): void {
  const available = controllersIn(join(folder, 'cgroup.controllers'));
  const file = join(folder, 'cgroup.subtree_control');
  const text = available.map((one) => `+${one}`).join(' ');
  try {
    writeFileSync(file, text);
  } catch (error) {
    if (codeOf(error) !== 'EBUSY') throw error;
    const below = join(folder, '-server');
    mkdirSync(below, { recursive: true });
    for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n')) {
      if (pid !== '') writeFileSync(join(below, 'cgroup.procs'), pid);
    }
    writeFileSync(file, text);
  }
}

function controllersIn(file: string): Controller[] {
  const names = readFileSync(file, 'latin1').replaceAll('+', ' ').trim().split(/\s+/);
  return wanted.filter((one) => names.includes(one));
}

function isWritable({ parent, prefix }: Hierarchy): boolean {
  const probe = join(parent, `${prefix}probe`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}
