/**
 * Processes that left their worker's group (setsid, double fork) still carry the pool's user id. An
 * exclusive id belongs to one pool of one instance alone, so when its last worker is gone everything
 * that still runs under it is killed, by a process of that very user: it cannot hit anybody else.
 */
import { spawn } from 'node:child_process';
import { systemPath } from './isolation/environment.js';
import type { Identity } from './isolation/identity.js';

export class WorkerUsers {
  readonly #live = new Map<number, number>();
  readonly #sweeps = new Map<number, Promise<void>>();

  /** Before a worker of this user starts; waits for a sweep, which would take the new worker too. */
  async enter(identity: Identity | null): Promise<void> {
    if (identity === null || !identity.exclusive) return;
    this.#live.set(identity.uid, (this.#live.get(identity.uid) ?? 0) + 1);
    await this.#sweeps.get(identity.uid);
  }

  /** After the worker's exit. Resolves when nothing of it can be left. */
  async leave(identity: Identity | null): Promise<void> {
    if (identity === null || !identity.exclusive) return;
    const left = (this.#live.get(identity.uid) ?? 1) - 1;
    this.#live.set(identity.uid, left);
    if (left > 0) return;
    const sweep = killAllOf(identity);
    this.#sweeps.set(identity.uid, sweep);
    await sweep;
    if (this.#sweeps.get(identity.uid) === sweep) this.#sweeps.delete(identity.uid);
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
