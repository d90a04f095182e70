/** Waits until a worker listens on its port, by looking at the kernel's tables; see `readiness.ts`. */
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { readinessPollMaxMs, readinessPollMinMs } from '../../../config/base/limits.js';
import type { Identity } from '../isolation/identity.js';
import { readFamily, readSocketInodes } from '../proc.js';
import { StartError } from '../start-error.js';
import { canConnect } from './connect.js';
import { type ListeningSocket, readListeners } from './listeners.js';
import { judge, type Readiness } from './readiness.js';

export interface PortWatchOptions {
  readonly clock: Clock;
  readonly pid: number;
  readonly port: number;
  readonly identity: Identity | null;
  readonly limitMs: number;
}

/** Each poll waits longer than the one before, so that slow starters cost little. */
const pollGrowth = 1.5;

export class PortWatch {
  /** The address to connect to; rejects with StartError. Settles at most once; never after `stop`. */
  readonly host: Promise<string>;
  readonly #options: PortWatchOptions;
  readonly #deadlineMs: number;
  #settle: { resolve: (host: string) => void; reject: (error: StartError) => void };
  #cancel: CancelTimer = () => undefined;
  #pollMs = readinessPollMinMs;
  #foreignSeen = false;
  #stopped = false;

  constructor(options: PortWatchOptions) {
    this.#options = options;
    this.#deadlineMs = options.clock.monotonicMs() + options.limitMs;
    this.#settle = { resolve: () => undefined, reject: () => undefined };
    this.host = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#again();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #again(): void {
    if (this.#stopped) return;
    const left = this.#deadlineMs - this.#options.clock.monotonicMs();
    this.#cancel = this.#options.clock.setTimer(Math.max(0, Math.min(this.#pollMs, left)), () => this.#look());
    this.#pollMs = Math.min(readinessPollMaxMs, this.#pollMs * pollGrowth);
  }

  #look(): void {
    const { clock, pid, port } = this.#options;
    const sockets = readListeners(pid);
    const answer = judge({ port, sockets, isOwn: this.#ownership() });
    switch (answer.kind) {
      case 'ready':
        return void this.#ready(answer.host);
      case 'foreign':
        // Seen twice: between two reads of /proc a socket of ours may have been closed.
        if (this.#foreignSeen) return this.#fail(foreignError(port, answer.uid));
        this.#foreignSeen = true;
        return this.#again();
      case 'waiting':
      case 'unreachable':
        this.#foreignSeen = false;
        if (clock.monotonicMs() >= this.#deadlineMs) return this.#fail(this.#lateError(answer, sockets));
        return this.#again();
    }
  }

  /** An exclusive user id is proof by itself; otherwise the worker's own descriptors are. Read when first asked. */
  #ownership(): (socket: ListeningSocket) => boolean {
    const { identity, pid } = this.#options;
    if (identity !== null && identity.exclusive) return (socket) => socket.uid === identity.uid;
    let inodes: Set<string> | null = null;
    return (socket) => {
      inodes ??= readSocketInodes(readFamily(pid));
      return inodes.has(socket.inode);
    };
  }

  async #ready(host: '127.0.0.1' | '::1' | 'dual'): Promise<void> {
    const { clock, port } = this.#options;
    const takesIpv4 = host !== 'dual' || (await canConnect(clock, { host: '127.0.0.1', port }));
    if (this.#stopped) return;
    this.#settle.resolve(host === 'dual' ? (takesIpv4 ? '127.0.0.1' : '::1') : host);
  }

  #fail(error: StartError): void {
    this.stop();
    this.#settle.reject(error);
  }

  #lateError(answer: Readiness, sockets: readonly ListeningSocket[]): StartError {
    const { port, limitMs, pid } = this.#options;
    const own = readSocketInodes(readFamily(pid));
    const ports = [...new Set(sockets.filter((socket) => own.has(socket.inode)).map((socket) => socket.port))];
    if (answer.kind === 'unreachable') {
      return elsewhereError(`the app listens on port ${port}, but not on 127.0.0.1 or ::1`);
    }
    if (ports.length > 0) return elsewhereError(`the app listens on port ${ports.join(', ')} instead of ${port}`);
    return new StartError(
      'startup-timeout',
      `the app did not listen on port ${port} within ${limitMs} ms`,
      'Look at the output for what it waits for, or raise startupTimeLimit of the application.',
      false,
    );
  }
}

function elsewhereError(cause: string): StartError {
  return new StartError(
    'listening-elsewhere',
    cause,
    'Let the app listen on the port in PORT (ASP.NET Core: remove UseUrls and app.Run(url)).',
  );
}

function foreignError(port: number, uid: number): StartError {
  return new StartError(
    'port-refused',
    `port ${port} is held by a process of user ${uid} that is not this worker`,
    'Nothing to do for a random port: another one is tried.',
    false,
  );
}
