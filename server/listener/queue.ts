import type { Clock } from '../../config/base/clock.js';
import { claimAnswerTimeoutMs, deadlineTickMs } from '../../config/base/limits.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { StoredFailure } from '../../pools/protocol/snapshot.js';
import type { Deadlines, Expiring } from '../proxy/deadlines.js';
import type { Exchange } from '../proxy/exchange.js';
import { Waiter } from '../proxy/waiter.js';
import type { ApplicationState, PoolState, Worker } from '../proxy/worker.js';
import { pickWorker } from './balancer.js';

const queueFull: StoredFailure = {
  status: 503,
  subStatus: 0,
  reason: 'QueueFull',
  title: 'The request queue is full',
  retryAfterSeconds: 1,
};
const waitedTooLong: StoredFailure = {
  status: 503,
  subStatus: 0,
  reason: 'AppPoolTimer',
  title: 'No worker process was free in time',
  retryAfterSeconds: 0,
};

/** Requests of one turn and pool for which the right to wait is asked. */
interface Claim {
  readonly id: number;
  readonly waiters: readonly Waiter[];
  cancelTimer: () => void;
}

export interface QueuePorts {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  say(message: ListenerToPrimary): void;
  /** Hands a request that waited to a worker. */
  start(exchange: Exchange, worker: Worker): void;
}

/**
 * Requests that found no free slot. They stand in the line of their application, first come first served;
 * the length is one number per pool that the primary keeps, so every turn claims from it once per pool.
 * Without an answer in time the listener uses its own share, and settles the books when the answer comes.
 */
export class RequestQueue implements Expiring {
  deadlineMs = Infinity;
  deadlineIndex = -1;
  readonly #ports: QueuePorts;
  readonly #lines = new Set<ApplicationState>();
  readonly #claims = new Map<number, Claim>();
  #unclaimed = new Map<PoolState, Waiter[]>();
  #unreleased = new Map<PoolState, number>();
  #flushScheduled = false;
  #lastClaimId = 0;

  constructor(ports: QueuePorts) {
    this.#ports = ports;
  }

  enter(exchange: Exchange, application: ApplicationState, pool: PoolState): Waiter {
    const waiter = new Waiter(exchange, application, pool, this.#ports.clock.monotonicMs());
    if (exchange.handedMs >= exchange.startedMs) application.waiting.pushAgain(waiter);
    else application.waiting.push(waiter);
    this.#lines.add(application);
    pool.cells.add(pool.cells.queueLength, 1);
    const unclaimed = this.#unclaimed.get(pool);
    if (unclaimed === undefined) this.#unclaimed.set(pool, [waiter]);
    else unclaimed.push(waiter);
    this.#scheduleFlush();
    if (this.deadlineMs === Infinity) this.#watch();
    return waiter;
  }

  /** Served, refused, or its client went away. */
  leave(waiter: Waiter): void {
    if (waiter.state === 'left') return;
    const { application, pool } = waiter;
    if (waiter.state === 'waiting') pool.waitingHere -= 1;
    waiter.state = 'left';
    application.waiting.remove(waiter);
    if (application.waiting.size === 0) this.#lines.delete(application);
    pool.cells.add(pool.cells.queueLength, -1);
    if (waiter.isGranted) this.#release(pool, 1);
  }

  /** A slot may be free: hands over as many as there are slots for. */
  serve(application: ApplicationState): void {
    while (application.waiting.first !== null) {
      const waiter = application.waiting.first;
      const worker = pickWorker(application, this.#ports.clock.monotonicMs(), waiter.exchange.mark);
      if (worker === null) return;
      this.leave(waiter);
      waiter.pool.cells.waited((this.#ports.clock.monotonicMs() - waiter.sinceMs) / 1000);
      this.#ports.start(waiter.exchange, worker);
    }
  }

  /** Everybody who waits for this application gets the same answer. */
  failAll(application: ApplicationState, failure: StoredFailure): void {
    while (application.waiting.first !== null) this.#refuse(application.waiting.first, failure);
  }

  claimed(claimId: number, granted: number): void {
    const claim = this.#claims.get(claimId);
    if (claim === undefined) return;
    this.#claims.delete(claimId);
    claim.cancelTimer();
    claim.waiters.forEach((waiter, index) => {
      if (index < granted) {
        if (waiter.state === 'left') this.#release(waiter.pool, 1);
        else {
          waiter.isGranted = true;
          this.#admit(waiter);
        }
      } else if (waiter.state === 'claiming') this.#refuse(waiter, queueFull);
    });
  }

  onDeadline(nowMs: number): void {
    for (const application of this.#lines) {
      for (let waiter = application.waiting.first; waiter !== null; waiter = application.waiting.first) {
        if (nowMs - waiter.sinceMs < application.connectionTimeoutMs) break;
        this.#refuse(waiter, waitedTooLong);
      }
      // A worker that was left alone after a failed connect may be due again.
      this.serve(application);
    }
    if (this.#lines.size > 0) this.#watch();
    else this.deadlineMs = Infinity;
  }

  #watch(): void {
    this.deadlineMs = this.#ports.clock.monotonicMs() + deadlineTickMs;
    this.#ports.deadlines.add(this);
  }

  #admit(waiter: Waiter): void {
    if (waiter.state !== 'claiming') return;
    waiter.state = 'waiting';
    waiter.pool.waitingHere += 1;
  }

  #refuse(waiter: Waiter, failure: StoredFailure): void {
    this.leave(waiter);
    waiter.pool.cells.rejected(failure.reason);
    waiter.exchange.refuse(failure);
  }

  /** The primary is silent: this listener decides by its share. */
  #decideAlone(claim: Claim): void {
    for (const waiter of claim.waiters) {
      if (waiter.state !== 'claiming') continue;
      if (waiter.pool.waitingHere < waiter.pool.queueShare) this.#admit(waiter);
      else this.#refuse(waiter, queueFull);
    }
  }

  #release(pool: PoolState, count: number): void {
    this.#unreleased.set(pool, (this.#unreleased.get(pool) ?? 0) + count);
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => this.#flush());
  }

  /** One claim and one release per pool and turn; who left again in the same turn is not claimed for. */
  #flush(): void {
    this.#flushScheduled = false;
    const released = this.#unreleased;
    const unclaimed = this.#unclaimed;
    this.#unreleased = new Map();
    this.#unclaimed = new Map();
    for (const [pool, count] of released) this.#ports.say({ type: 'release', pool: pool.name, count });
    for (const [pool, all] of unclaimed) {
      const waiters = all.filter((waiter) => waiter.state === 'claiming');
      if (waiters.length === 0) continue;
      this.#lastClaimId += 1;
      const claim: Claim = { id: this.#lastClaimId, waiters, cancelTimer: () => undefined };
      claim.cancelTimer = this.#ports.clock.setTimer(claimAnswerTimeoutMs, () => this.#decideAlone(claim));
      this.#claims.set(claim.id, claim);
      this.#ports.say({ type: 'claim', claimId: claim.id, pool: pool.name, count: waiters.length });
    }
  }
}
