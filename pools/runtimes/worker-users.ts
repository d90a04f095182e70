/**
 * Processes that left their worker's group (setsid, double fork) still carry the pool's user id. An
 * exclusive id belongs to one pool of one instance alone, so when its last worker is gone everything
 * that still runs under it is killed, by a process of that very user: it cannot hit anybody else. They
 * may kill that process first; so what /proc still shows is killed by pid, and all of it again, until
 * nothing is left.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../../config/base/clock.js';
import { userSweepPauseMs, userSweepsMax } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import { systemPath } from '../../config/base/system-path.js';
import type { Identity } from './isolation/identity.js';
import { readProcessesByUser, readUsers } from './proc.js';

export class WorkerUsers {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #live = new Map<number, number>();
  readonly #sweeps = new Map<number, Promise<void>>();
  /** Another primary of this instance runs workers under the same ids: a sweep would end them too. */
  areShared = false;
  #lastLookMs = Number.NEGATIVE_INFINITY;
  #nextLook: Promise<ReadonlyMap<number, readonly number[]>> | null = null;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Before a worker of this user starts; waits for a sweep, which would take the new worker too. */
  async enter(identity: Identity | null): Promise<void> {
    if (identity === null || !identity.exclusive) return;
    this.#live.set(identity.uid, (this.#live.get(identity.uid) ?? 0) + 1);
    await this.#sweeps.get(identity.uid);
  }

  /** After the worker's exit. Resolves when nothing of it is left, or what could not be ended is logged. */
  async leave(identity: Identity | null): Promise<void> {
    if (identity === null || !identity.exclusive) return;
    const left = (this.#live.get(identity.uid) ?? 1) - 1;
    this.#live.set(identity.uid, left);
    if (left > 0 || this.areShared) return;
    const sweep = this.#sweep(identity);
    this.#sweeps.set(identity.uid, sweep);
    await sweep;
    if (this.#sweeps.get(identity.uid) === sweep) this.#sweeps.delete(identity.uid);
  }

  async #sweep(identity: Identity): Promise<void> {
    for (let sweeps = 0; sweeps < userSweepsMax; sweeps++) {
      await killAllOf(identity);
      const left = await this.#processesOf(identity.uid);
      if (left.length === 0) return;
      for (const pid of left) killIfOf(identity.uid, pid);
    }
    const left = await this.#processesOf(identity.uid);
    if (left.length > 0) this.#logger.error('processes-left', { uid: identity.uid, pids: left.join(', ') });
  }

  /** However many pools end at once, /proc is read once in a pause, for all of them. */
  async #processesOf(uid: number): Promise<readonly number[]> {
    this.#nextLook ??= new Promise((resolve) => {
      const delayMs = Math.max(0, this.#lastLookMs + userSweepPauseMs - this.#clock.monotonicMs());
      const look = (): void => {
        this.#nextLook = null;
        this.#lastLookMs = this.#clock.monotonicMs();
        resolve(readProcessesByUser());
      };
      this.#clock.setTimer(delayMs, look, true);
    });
    return (await this.#nextLook).get(uid) ?? [];
  }
}

/** `kill -1` reaches exactly the processes that this user may signal, in one pass of the kernel. */
function killAllOf(identity: Identity): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', 'kill -s KILL -- -1'], {
      uid: identity.uid,
      gid: identity.gid,
      cwd: '/',
      env: { PATH: systemPath },
      stdio: 'ignore',
    });
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}

/** Asked again at the last moment: the number may belong to somebody else by now. */
function killIfOf(uid: number, pid: number): void {
  if (!readUsers(pid).includes(uid)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone by itself.
  }
}
