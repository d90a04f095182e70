/**
 * Keeps the configured number of listener processes alive. A dead one is replaced at once; only listeners
 * that die before they were ever complete are replaced with a growing delay. A silent one is killed. Each
 * gets the sockets, then the whole state, and counts as complete once it listens and has acknowledged.
 */
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { SluiceError } from '../../config/base/errors.js';
import { unreachable } from '../../config/base/invariant.js';
import {
  listenerPingIntervalMs,
  listenerRestartDelayFirstMs,
  listenerRestartDelayMaxMs,
  listenerRetireLimitMs,
  listenerStartAttemptsMax,
  listenerStartLimitMs,
} from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import { idleLingerMs } from '../../config/base/service-limits.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { RequestFilter } from '../../pools/protocol/live-requests.js';
import { crashPoint } from '../../pools/runtimes/crash-points.js';
import type { Certificates } from './certificates.js';
import type { FleetEvents } from './fleet-events.js';
import { type ListenerIdentity, ListenerProcess, setUpListeners } from './listener-process.js';
import { LogReopening } from './log-reopening.js';
import { type RequestRound, RequestRounds } from './request-rounds.js';
import type { QueueLedger } from './queue-ledger.js';
import type { RoutePublisher } from './route-publisher.js';
import type { HeldSocket, ListeningSockets } from './sockets.js';

export interface FleetOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Compiled entry file of a listener. */
  readonly entry: string;
  readonly identity: ListenerIdentity | null;
  readonly sockets: ListeningSockets;
  readonly publisher: RoutePublisher;
  readonly ledger: QueueLedger;
  readonly events: FleetEvents;
  readonly certificates: Pick<Certificates, 'ticketSecret' | 'wanted'>;
}

export class ListenerFleet {
  readonly #options: FleetOptions;
  readonly #listeners = new Map<number, ListenerProcess>();
  /** Too many since `resize`: they finish their requests, still take part in every publication, and end. */
  readonly #retiring = new Map<number, ListenerProcess>();
  readonly #reopening = new LogReopening();
  readonly #asking: RequestRounds;
  #wanted = 0;
  #isStopping = false;
  #cancelTick: CancelTimer = () => undefined;
  #cancelReplace: CancelTimer | null = null;
  #lastTickMs = 0;
  /** Listeners in a row that died before they were complete. */
  #earlyDeaths = 0;
  #wasEverComplete = false;
  #waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #emptyWaiters: (() => void)[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#asking = new RequestRounds(options.clock);
    setUpListeners(options.entry, options.identity);
  }

  /** Resolves when every listener is complete; rejects when the first ones keep dying or cannot listen. */
  async start(count: number): Promise<void> {
    this.resize(count);
    crashPoint('start.listeners-forked');
    this.#lastTickMs = this.#options.clock.monotonicMs();
    this.#scheduleTick();
    // Keeps the process alive: without listeners nothing else does, and the start must end with an answer.
    const cancel = this.#options.clock.setTimer(
      listenerStartLimitMs,
      () => this.#giveUp(`are not ready within ${listenerStartLimitMs} ms`),
      true,
    );
    try {
      await this.whenComplete();
    } finally {
      cancel();
    }
  }

  /** More are started at once; those too many finish their requests and end. */
  resize(count: number): void {
    this.#wanted = count;
    const tooMany = [...this.#listeners.values()].slice(count);
    for (const listener of tooMany) this.#retire(listener);
    this.#fill();
  }

  whenComplete(): Promise<void> {
    if (this.isComplete()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  isComplete(): boolean {
    return this.completeCount() >= this.#wanted;
  }

  completeCount(): number {
    return [...this.#listeners.values()].filter((one) => this.#isOneComplete(one)).length;
  }

  pids(): number[] {
    return [...this.#listeners.values()].map((one) => one.pid);
  }

  /** Their numbers and processes, those that only finish their requests too. */
  processes(): { readonly number: number; readonly pid: number }[] {
    return this.#all().map(({ number, pid }) => ({ number, pid }));
  }

  /** New sockets become listened on, removed ones closed. Requests in flight are not touched. */
  applySockets(added: readonly HeldSocket[], removed: readonly HeldSocket[]): void {
    for (const listener of this.#listeners.values()) {
      if (!listener.hasSaidHello) continue;
      for (const socket of removed) {
        listener.send({ type: 'unlisten', key: socket.address.key });
        listener.notListening(socket.address.key);
      }
      for (const socket of added) listener.send({ type: 'listen', address: socket.address }, socket);
    }
  }

  /** Resolves when no listener writes to the renamed file any more. */
  reopenLogs(file: string): Promise<void> {
    return this.#reopening.ask(
      this.#all().filter((one) => one.hasSaidHello),
      file,
    );
  }

  /** What every listener has now; who does not answer in time is named. */
  listRequests(filter: RequestFilter): Promise<RequestRound> {
    return this.#asking.ask(
      this.#all().filter((one) => one.hasSaidHello),
      filter,
    );
  }

  /** Every listener stops accepting, finishes its requests within the limit and ends. `lingerMs`: see the message. */
  async shutdown(limitMs: number, lingerMs = 0): Promise<void> {
    this.#isStopping = true;
    this.#cancelReplace?.();
    for (const listener of this.#listeners.values()) end(listener, limitMs, lingerMs, 'shutdown');
    const cancel = this.#options.clock.setTimer(limitMs + endGraceMs, () => this.kill('shutdown limit'), true);
    await this.#whenEmpty();
    cancel();
  }

  kill(reason: string): void {
    this.#isStopping = true;
    for (const listener of this.#all()) listener.kill(reason);
  }

  async close(): Promise<void> {
    this.#isStopping = true;
    this.#cancelTick();
    this.#cancelReplace?.();
    this.kill('close');
    await this.#whenEmpty();
  }

  #all(): ListenerProcess[] {
    return [...this.#listeners.values(), ...this.#retiring.values()];
  }

  #whenEmpty(): Promise<void> {
    if (this.#all().length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptyWaiters.push(resolve));
  }

  #fill(): void {
    if (this.#isStopping) return;
    while (this.#listeners.size < this.#wanted) {
      const listener = new ListenerProcess(this.#options.clock, this.#freeNumber(), {
        message: (from, message) => this.#received(from, message),
        exited: (from, code, signal) => this.#exited(from, code, signal),
      });
      this.#listeners.set(listener.id, listener);
    }
  }

  #freeNumber(): number {
    const taken = new Set(this.#all().map((one) => one.number));
    let free = 1;
    while (taken.has(free)) free += 1;
    return free;
  }

  #retire(listener: ListenerProcess): void {
    this.#listeners.delete(listener.id);
    this.#retiring.set(listener.id, listener);
    end(listener, listenerRetireLimitMs, idleLingerMs, 'not wanted');
    this.#options.clock.setTimer(listenerRetireLimitMs + endGraceMs, () => listener.kill('retire limit'));
  }

  #isOneComplete(listener: ListenerProcess): boolean {
    const { publisher, sockets } = this.#options;
    return (
      listener.hasSaidHello &&
      publisher.acknowledged(listener.id) >= listener.completeAt &&
      listener.listensOn(sockets.held())
    );
  }

  #checkComplete(): void {
    if (!this.isComplete()) return;
    this.#wasEverComplete = true;
    this.#earlyDeaths = 0;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const one of waiters) one.resolve();
  }

  #received(from: ListenerProcess, message: ListenerToPrimary): void {
    const { publisher, ledger, events } = this.#options;
    switch (message.type) {
      case 'hello':
        return this.#join(from);
      case 'listening':
        from.listening(message.key);
        return this.#checkComplete();
      case 'ack':
        publisher.received(from.id, message);
        return this.#checkComplete();
      case 'link':
      case 'drained':
        return publisher.received(from.id, message);
      case 'lost':
        publisher.received(from.id, message);
        return events.lost(message.workerId, message.lines, message.suspects);
      case 'need-worker':
        return events.needWorker(message.applicationId);
      case 'want-certificate':
        return this.#options.certificates.wanted(message.key, message.name, (answer) => from.send(answer));
      case 'busy':
        return events.busy(message.applicationId);
      case 'claim': {
        const granted = ledger.claim(from.id, message.pool, message.count);
        return from.send({ type: 'claimed', claimId: message.claimId, granted });
      }
      case 'release':
        return ledger.release(from.id, message.pool, message.count);
      case 'unreachable':
        return events.unreachable(message.workerId, message.error);
      case 'spent':
        return publisher.send(message, from.id);
      case 'held':
        return publisher.send({ type: 'held', listener: from.id, held: message.held }, from.id);
      case 'accept-again':
        return this.#lendSockets(from);
      case 'crash-line':
      case 'crash-line-cleared':
        return publisher.send({ type: message.type, pool: message.pool, line: message.line }, from.id);
      case 'counters':
        return events.counters(from.id, message.sequence, message.deltas);
      case 'activity':
        return events.activity(from.id, message.workers);
      case 'served':
        return events.served(message.workerId);
      case 'log':
        return this.#options.logger[message.level](message.event, { listener: from.pid, ...message.fields });
      case 'traced':
        return events.traced(message.trace);
      case 'logs-reopened':
        return this.#reopening.answered(from.id, message.id);
      case 'requests':
        return this.#asking.answered(from, message.id, message);
      case 'pong':
        return from.pong(message.id);
      case 'closed':
        return;
      default:
        return unreachable(message);
    }
  }

  /** Sockets last: with them it accepts, and no client may meet a listener that knows no site yet. */
  #join(listener: ListenerProcess): void {
    this.#options.events.joined(listener.id, listener.number);
    listener.send(this.#options.certificates.ticketSecret);
    listener.completeAt = this.#options.publisher.join(listener);
    this.#options.publisher.send({ type: 'listener-joined' }, listener.id);
    this.#lendSockets(listener);
  }

  #lendSockets(listener: ListenerProcess): void {
    for (const socket of this.#options.sockets.held()) {
      listener.send({ type: 'listen', address: socket.address }, socket);
    }
  }

  #exited(listener: ListenerProcess, code: number | null, signal: string | null): void {
    const wasComplete = this.#isOneComplete(listener);
    const { publisher, ledger, events, logger } = this.#options;
    const wasWanted = this.#listeners.delete(listener.id);
    this.#retiring.delete(listener.id);
    publisher.leave(listener.id);
    publisher.send({ type: 'listener-gone', listener: listener.id });
    ledger.forget(listener.id);
    this.#reopening.gone(listener.id);
    this.#asking.gone(listener);
    events.gone(listener.id);
    if (this.#all().length === 0) {
      for (const resolve of this.#emptyWaiters) resolve();
      this.#emptyWaiters = [];
    }
    if (this.#isStopping || !wasWanted) return;
    logger.warn('listener-died', { pid: listener.pid, code, signal, killed: listener.killReason || null });
    events.replaced();
    this.#replace(wasComplete);
  }

  #replace(wasComplete: boolean): void {
    this.#earlyDeaths = wasComplete ? 0 : this.#earlyDeaths + 1;
    if (!this.#wasEverComplete && this.#earlyDeaths >= listenerStartAttemptsMax) {
      return this.#giveUp(`end before they are ready (${listenerStartAttemptsMax} times)`);
    }
    if (this.#earlyDeaths <= 1) return this.#fill();
    const delayMs = Math.min(
      listenerRestartDelayMaxMs,
      listenerRestartDelayFirstMs * 2 ** Math.min(10, this.#earlyDeaths - 2),
    );
    this.#cancelReplace?.();
    this.#cancelReplace = this.#options.clock.setTimer(delayMs, () => this.#fill(), true);
  }

  #giveUp(why: string): void {
    this.kill('start failed');
    const waiters = this.#waiters;
    this.#waiters = [];
    const error = new SluiceError('listeners-do-not-start', `the listener processes ${why}`, 'the lines above say why');
    for (const one of waiters) one.reject(error);
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#options.clock.setTimer(listenerPingIntervalMs, () => {
      this.#tick();
      this.#scheduleTick();
    });
  }

  #tick(): void {
    const { clock, publisher, logger } = this.#options;
    const now = clock.monotonicMs();
    // When this process itself was held up, their answers are still unread: judge at the next tick.
    const wasHeldUp = now - this.#lastTickMs > 2 * listenerPingIntervalMs;
    this.#lastTickMs = now;
    for (const listener of this.#all()) {
      const silence = wasHeldUp ? '' : listener.silence(publisher.owesSinceMs(listener.id));
      if (silence !== '') {
        logger.warn('listener-silent', { pid: listener.pid, why: silence });
        listener.kill(silence);
      } else if (listener.hasSaidHello) listener.ping();
    }
  }
}

/** What a listener gets beyond a limit it knows, before it is killed. */
const endGraceMs = 2_000;

function end(listener: ListenerProcess, limitMs: number, lingerMs: number, why: string): void {
  if (listener.hasSaidHello) listener.send({ type: 'shutdown', limitMs, lingerMs });
  else listener.kill(why);
}
