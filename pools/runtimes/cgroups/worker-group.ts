/** The control group of one worker, inside its pool's: what it starts cannot leave it, whatever else it leaves. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, pause } from '../../../config/base/clock.js';
import { codeOf, messageOf } from '../../../config/base/errors.js';
import { groupEmptyPollMs, groupEmptyPollsMax, groupUnreapedMax, userSweepsMax } from '../../../config/base/limits.js';
import type { Logger } from '../../../config/base/logger.js';
import { readMembers, readOutOfMemoryKills, readProcessCount } from './group-files.js';
import type { Hierarchy } from './hierarchies.js';

export interface GroupFolder {
  readonly hierarchy: Hierarchy;
  readonly folder: string;
}

export class WorkerGroup {
  readonly #folders: readonly GroupFolder[];
  readonly #clock: Clock;
  readonly #logger: Logger;

  /** `pool`: the folders of the pool's group; the worker's are made here. */
  constructor(pool: readonly GroupFolder[], name: string, clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#folders = pool.map(({ hierarchy, folder }) => ({ hierarchy, folder: join(folder, name) }));
    for (const { folder } of this.#folders) mkdirSync(folder, { recursive: true });
  }

  /** The process must not have started anything yet. Not blocking: the kernel may take its time, for each tree. */
  async add(pid: number): Promise<void> {
    const enter = async ({ folder }: GroupFolder): Promise<void> => {
      try {
        await writeFile(join(folder, 'cgroup.procs'), String(pid));
      } catch (error) {
        if (codeOf(error) === 'ESRCH') return;
        this.#logger.error('cgroup-not-entered', { folder, pid, error: messageOf(error) });
      }
    };
    await Promise.all(this.#folders.map(enter));
  }

  /** True when the kernel killed something in it at the pool's memory limit. */
  ranOutOfMemory(): boolean {
    return this.#folders.some(({ hierarchy, folder }) => readOutOfMemoryKills(folder, hierarchy.version) > 0);
  }

  /** SIGKILL to everything in it; what is being forked meanwhile dies too. */
  kill(): void {
    for (const { folder } of this.#folders) {
      if (!existsSync(join(folder, 'cgroup.kill'))) continue;
      if (this.#tryWrite(join(folder, 'cgroup.kill'), '1')) return;
    }
    killOneByOne(this.#folders);
  }

  /**
   * Kills, waits until it is empty (the kernel needs a moment) and removes it. Many dead that wait to be reaped are waited
   * for too: they count against pidsMax, and a Node that can start no thread hangs instead of ending.
   */
  async end(): Promise<void> {
    this.kill();
    for (let polls = 0; polls < groupEmptyPollsMax && (this.#members() > 0 || this.#isCrowded()); polls++) {
      await pause(this.#clock, groupEmptyPollMs, false);
      if (polls % 10 === 9) this.kill();
    }
    for (const { folder } of this.#folders) removeGroup(folder);
  }

  #members(): number {
    return Math.max(...this.#folders.map(({ folder }) => readMembers(folder).length));
  }

  #isCrowded(): boolean {
    return this.#folders.some(({ folder }) => readProcessCount(folder) > groupUnreapedMax);
  }

  #tryWrite(file: string, value: string): boolean {
    try {
      writeFileSync(file, value);
      return true;
    } catch {
      return false;
    }
  }
}

/** Without cgroup.kill: first nothing may fork any more, then all that is there is killed. */
function killOneByOne(folders: readonly GroupFolder[]): void {
  const one = folders.find(({ hierarchy }) => hierarchy.controllers.includes('pids')) ?? folders[0];
  if (one === undefined) return;
  if (existsSync(join(one.folder, 'pids.max'))) writeFileSync(join(one.folder, 'pids.max'), '0');
  for (let sweeps = 0; sweeps < userSweepsMax; sweeps++) {
    const left = readMembers(one.folder);
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    }
  }
}

/** What cannot be removed yet is removed with its pool's group, or by the next start. */
export function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty for another moment, or never made.
  }
}
