/**
 * Control groups: one for each pool, with its limits, and in it one for each worker. One small interface over
 * what the machine has (`hierarchies.ts`); where it has nothing, limits are rlimits and polling (`limit-watch.ts`).
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../config/base/clock.js';
import { codeOf, messageOf } from '../../../config/base/errors.js';
import { serverCpuWeight } from '../../../config/base/limits.js';
import { stalledReuseMs } from '../../../config/base/metrics-limits.js';
import type { LogFields, Logger } from '../../../config/base/logger.js';
import type { PoolConfig } from '../../../config/model.js';
import { safeName } from '../files.js';
import { removeAbandoned } from './abandoned.js';
import {
  type PoolUsage,
  poolSettings,
  readMembers,
  readStalled,
  readUsage,
  type StalledUs,
  weightSetting,
} from './group-files.js';
import {
  type CgroupMode,
  type CgroupSources,
  type Controller,
  findHierarchies,
  type Hierarchy,
  type Layout,
  readSources,
  servicePrefix,
} from './hierarchies.js';
import { type GroupFolder, removeGroup, WorkerGroup } from './worker-group.js';

export type { PoolUsage } from './group-files.js';

/** No pool's group: those begin with a letter or digit. */
const serverGroup = '-server';

export interface Cgroups {
  readonly mode: CgroupMode;
  /** For the start-up log. */
  about(): LogFields;
  /** The kernel itself holds pools to this kind of limit here. */
  limits(controller: Controller): boolean;
  /** Workers' groups match `<start>*` + `/w*`: for the guardian, which kills and removes them. */
  readonly starts: readonly string[];
  /**
   * Puts this process, and what it starts from now on, into a group with the server's weight.
   * @returns its folder; null where there is none, or where others may be in it (a service's).
   */
  enterServer(): string | null;
  /** New limits for pools that have a group already; groups of other pools are removed once they are empty. */
  configure(pools: readonly PoolConfig[]): void;
  /** A group for a new worker; null where there are none. */
  open(pool: PoolConfig): WorkerGroup | null;
  usage(pool: string): PoolUsage | null;
  /** Not older than `stalledReuseMs`; empty where the kernel does not tell it. */
  stalled(pool: string): StalledUs;
  /** Removes the groups; no worker is left. */
  close(): void;
}

export interface CgroupOptions {
  readonly runDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The primary before us lives and has groups of its own. */
  readonly isSuccessor?: boolean;
  /** Only tests pass others than the kernel's. */
  readonly sources?: CgroupSources;
}

/**
 * Also ends what an earlier primary of this run folder left in its groups, and removes the empty ones of other
 * servers that are gone. The caller holds the instance's lock.
 */
export function createCgroups(options: CgroupOptions): Cgroups {
  const instance = instanceOf(options.runDir);
  const layout = findHierarchies(instance, options.sources ?? readSources(), options.isSuccessor);
  const abandoned = removeAbandoned(layout.hierarchies, `sluice-${instance}`, options.clock.wallMs());
  if (abandoned.length > 0) options.logger.info('abandoned-control-groups-removed', { servers: abandoned.join(', ') });
  return new KernelCgroups(layout, options);
}

/** Servers in containers may have the same run folder by name and the same trees: the folder itself tells them apart. */
export function instanceOf(runDir: string): string {
  const folder = statSync(runDir, { throwIfNoEntry: false });
  const place = folder === undefined ? runDir : `${runDir} ${folder.dev}:${folder.ino}`;
  return createHash('sha256').update(place).digest('hex').slice(0, 8);
}

class KernelCgroups implements Cgroups {
  readonly mode: CgroupMode;
  readonly starts: readonly string[];
  readonly #layout: Layout;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Settings as written, by pool. */
  readonly #written = new Map<string, string>();
  readonly #stalled = new Map<string, { readonly readMs: number; readonly told: StalledUs }>();
  #left: { readonly file: string }[] = [];
  #workers = 0;

  constructor(layout: Layout, { clock, logger }: CgroupOptions) {
    this.mode = layout.mode;
    this.#layout = layout;
    this.#clock = clock;
    this.#logger = logger;
    this.starts = layout.hierarchies.map(({ parent, prefix }) => `${parent}/${prefix}`);
    this.#endEarlierServer();
    this.#sweep();
  }

  about(): LogFields {
    const { mode } = this;
    if (mode === 'none') return { mode, limits: 'polling and rlimits: memory every second, no CPU throttling' };
    const controllers = this.#layout.hierarchies.flatMap((one) => one.controllers);
    return {
      mode,
      limits: controllers.join(', '),
      folder: this.#layout.hierarchies.map((one) => one.parent).join(', '),
    };
  }

  limits(controller: Controller): boolean {
    return this.#layout.hierarchies.some((one) => one.controllers.includes(controller));
  }

  enterServer(): string | null {
    let entered: string | null = null;
    for (const hierarchy of this.#layout.hierarchies) {
      const { version, controllers, parent } = hierarchy;
      if (!controllers.includes('cpu')) continue;
      const folder = serverFolder(hierarchy);
      const [file, value] = weightSetting(serverCpuWeight, version);
      try {
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, file), value);
        writeFileSync(join(folder, 'cgroup.procs'), String(process.pid));
        if (version === 1) this.#left.push({ file: join(parent, 'cgroup.procs') });
        if (!isOfService(hierarchy)) entered = folder;
      } catch (error) {
        this.#logger.warn('cgroup-failed', { folder, error: messageOf(error) });
      }
    }
    return entered;
  }

  configure(pools: readonly PoolConfig[]): void {
    const byName = new Map(pools.map((pool) => [pool.name, pool]));
    for (const name of this.#written.keys()) {
      const pool = byName.get(name);
      if (pool !== undefined) this.#write(pool);
      else this.#remove(name);
    }
  }

  open(pool: PoolConfig): WorkerGroup | null {
    if (this.mode === 'none') return null;
    try {
      const folders = this.#foldersOf(pool.name);
      for (const { hierarchy, folder } of folders) {
        // A new one holds nothing yet, whatever was written into one of that name before.
        if (mkdirSync(folder, { recursive: true }) !== undefined) this.#written.delete(pool.name);
        if (hierarchy.version === 2 && hierarchy.controllers.length > 0) handOn(folder, hierarchy.controllers);
      }
      this.#write(pool);
      this.#workers += 1;
      return new WorkerGroup(folders, `w${this.#workers}`, this.#clock, this.#logger);
    } catch (error) {
      this.#logger.error('cgroup-failed', { pool: pool.name, error: messageOf(error) });
      return null;
    }
  }

  usage(pool: string): PoolUsage | null {
    if (!this.#written.has(pool)) return null;
    return readUsage(this.#versionsOf(pool));
  }

  stalled(pool: string): StalledUs {
    if (!this.#written.has(pool)) return new Map();
    const nowMs = this.#clock.monotonicMs();
    let known = this.#stalled.get(pool);
    if (known === undefined || nowMs - known.readMs >= stalledReuseMs) {
      known = { readMs: nowMs, told: readStalled(this.#versionsOf(pool)) };
      this.#stalled.set(pool, known);
    }
    return known.told;
  }

  close(): void {
    for (const { file } of this.#left.splice(0)) {
      try {
        writeFileSync(file, String(process.pid));
      } catch {
        // The group we came from is gone: this one stays, empty, when we have ended.
      }
    }
    this.#sweep();
  }

  #foldersOf(pool: string): readonly GroupFolder[] {
    return this.#layout.hierarchies.map((hierarchy) => ({
      hierarchy,
      folder: join(hierarchy.parent, `${hierarchy.prefix}${safeName(pool)}`),
    }));
  }

  #versionsOf(pool: string): { readonly version: 1 | 2; readonly folder: string }[] {
    return this.#foldersOf(pool).map(({ hierarchy, folder }) => ({ version: hierarchy.version, folder }));
  }

  /** One limit that the kernel refuses does not keep the others from holding. */
  #write(pool: PoolConfig): void {
    const folders = this.#foldersOf(pool.name);
    const settings = folders.flatMap(({ hierarchy, folder }) =>
      poolSettings(pool, hierarchy).map(([file, value]) => ({ file: join(folder, file), value })),
    );
    const text = JSON.stringify(settings);
    if (this.#written.get(pool.name) === text) return;
    this.#written.set(pool.name, text);
    for (const { file, value } of settings) {
      try {
        writeFileSync(file, value);
      } catch (error) {
        this.#logger.warn('limit-refused', { pool: pool.name, file, value, error: messageOf(error) });
      }
    }
  }

  #remove(pool: string): void {
    this.#written.delete(pool);
    this.#stalled.delete(pool);
    for (const { folder } of this.#foldersOf(pool)) {
      for (const worker of workersIn(folder)) removeGroup(worker);
      removeGroup(folder);
    }
  }

  /** What an earlier primary had just started and nobody knew of yet, if its guardian died too. */
  #endEarlierServer(): void {
    for (const hierarchy of this.#layout.hierarchies) {
      if (isOfService(hierarchy)) continue;
      for (const pid of readMembers(serverFolder(hierarchy))) if (pid !== process.pid) killOne(pid);
    }
  }

  /** Everything whose name is of this instance: killed and removed. */
  #sweep(): void {
    for (const hierarchy of this.#layout.hierarchies) {
      for (const folder of groupsOf(hierarchy.parent, hierarchy.prefix)) {
        const below = workersIn(folder);
        for (const worker of below)
          new WorkerGroup([{ hierarchy, folder: worker }], '.', this.#clock, this.#logger).kill();
        for (const worker of below) removeGroup(worker);
        removeGroup(folder);
      }
    }
  }
}

function serverFolder({ parent, prefix }: Hierarchy): string {
  return join(parent, isOfService({ prefix }) ? serverGroup : `${prefix}${serverGroup}`);
}

/** Its processes need not all be ours, and the service manager ends them. */
function isOfService({ prefix }: Pick<Hierarchy, 'prefix'>): boolean {
  return prefix.startsWith(servicePrefix);
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function groupsOf(parent: string, prefix: string): string[] {
  return foldersIn(parent)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(parent, name));
}

function workersIn(folder: string): string[] {
  return foldersIn(folder)
    .filter((name) => /^w\d+$/.test(name))
    .map((name) => join(folder, name));
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Workers' groups tell their own figures only where the pool's group hands its controllers on. */
function handOn(folder: string, controllers: readonly Controller[]): void {
  writeFileSync(join(folder, 'cgroup.subtree_control'), controllers.map((one) => `+${one}`).join(' '));
}
