/** One listener process: starting it, talking to it, and what the primary expects of it. */
import cluster, { type Worker } from 'node:cluster';
import type { Clock } from '../../config/base/clock.js';
import { messageOf } from '../../config/base/errors.js';
import { acknowledgeSilenceMs, listenerHelloLimitMs, listenerNewSpaceMiB } from '../../config/base/limits.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { PrimaryToListener } from '../../pools/protocol/primary-to-listener.js';
import type { HeldSocket } from './sockets.js';

export interface ListenerIdentity {
  readonly uid: number;
  readonly gid: number;
}

/** A listener needs no variable of the caller's; these make its messages readable and its time local. */
const passedOn = ['LANG', 'LC_ALL', 'TZ'] as const;

/** node:cluster adds its own variables to the caller's; undefined removes one. */
function listenerEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const name of Object.keys(process.env)) environment[name] = undefined;
  for (const name of passedOn) if (process.env[name] !== undefined) environment[name] = process.env[name];
  return environment;
}

export function setUpListeners(entry: string, identity: ListenerIdentity | null): void {
  // A guard: no listener may ever ask the primary for a port, and the primary never accepts.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: entry,
    args: [],
    execArgv: [`--max-semi-space-size=${listenerNewSpaceMiB}`],
    cwd: '/',
    serialization: 'json',
    ...(identity === null ? {} : { uid: identity.uid, gid: identity.gid }),
  });
}

export interface ListenerProcessEvents {
  message(listener: ListenerProcess, message: ListenerToPrimary): void;
  exited(listener: ListenerProcess, code: number | null, signal: string | null): void;
}

export class ListenerProcess {
  readonly id: number;
  /** The smallest number that no other one had when it was started: its name in metrics. */
  readonly number: number;
  readonly startedAtMs: number;
  readonly #worker: Worker;
  readonly #clock: Clock;
  /** Keys of the sockets it has said to listen on. */
  readonly #listening = new Set<string>();
  /** Acknowledging this number makes it complete; 0 = it has not said hello. */
  completeAt = 0;
  #pingId = 0;
  #pongOwedSinceMs: number | null = null;
  #isGone = false;
  #killReason = '';

  constructor(clock: Clock, number: number, events: ListenerProcessEvents) {
    this.#clock = clock;
    this.number = number;
    this.startedAtMs = clock.monotonicMs();
    this.#worker = cluster.fork(listenerEnvironment());
    this.id = this.#worker.id;
    this.#worker.on('message', (message: ListenerToPrimary) => events.message(this, message));
    const gone = (code: number | null, signal: string | null): void => {
      if (this.#isGone) return;
      this.#isGone = true;
      events.exited(this, code, signal);
    };
    // A spawn that failed has no exit; any other error here is followed by one.
    this.#worker.on('error', (error) => {
      if (this.#worker.process.pid !== undefined) return;
      this.#killReason = `not started: ${messageOf(error)}`;
      gone(null, null);
    });
    this.#worker.once('exit', gone);
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0;
  }

  get hasSaidHello(): boolean {
    return this.completeAt > 0;
  }

  get killReason(): string {
    return this.#killReason;
  }

  send(message: PrimaryToListener, socket?: HeldSocket): void {
    if (this.#isGone || !this.#worker.isConnected()) return;
    // The handle is Node's own; its type is not public.
    const handle = socket?.handle as Parameters<Worker['send']>[1];
    this.#worker.send(message, handle, () => undefined);
  }

  ping(): void {
    this.#pongOwedSinceMs ??= this.#clock.monotonicMs();
    this.#pingId += 1;
    this.send({ type: 'ping', id: this.#pingId });
  }

  pong(id: number): void {
    if (id === this.#pingId) this.#pongOwedSinceMs = null;
  }

  listening(key: string): void {
    this.#listening.add(key);
  }

  notListening(key: string): void {
    this.#listening.delete(key);
  }

  listensOn(sockets: readonly HeldSocket[]): boolean {
    return sockets.every(({ address }) => this.#listening.has(address.key));
  }

  /** Why it counts as silent, or ''. `owesSinceMs`: an acknowledgement that is due, or null. */
  silence(owesSinceMs: number | null): string {
    const now = this.#clock.monotonicMs();
    if (!this.hasSaidHello) {
      return now - this.startedAtMs > listenerHelloLimitMs ? `no hello for ${listenerHelloLimitMs} ms` : '';
    }
    if (owesSinceMs !== null && now - owesSinceMs > acknowledgeSilenceMs) {
      return `no acknowledgement for ${acknowledgeSilenceMs} ms`;
    }
    if (this.#pongOwedSinceMs !== null && now - this.#pongOwedSinceMs > acknowledgeSilenceMs) {
      return `no pong for ${acknowledgeSilenceMs} ms`;
    }
    return '';
  }

  kill(reason: string): void {
    if (this.#isGone) return;
    this.#killReason = reason;
    this.#worker.process.kill('SIGKILL');
  }
}
