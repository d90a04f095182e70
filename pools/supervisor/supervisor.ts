import type { Clock } from '../../config/base/clock.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { acknowledgeSilenceMs } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import type { CompiledConfig } from '../../config/model.js';
import type { WorkerEvent } from '../lifecycle/events.js';
import type { RecycleReason } from '../lifecycle/exit-reason.js';
import { isOpen } from '../lifecycle/pool-states.js';
import type { ApplicationUpstreams } from '../protocol/snapshot.js';
import { crashPoint } from '../runtimes/crash-points.js';
import { measureWorkers } from '../runtimes/measure.js';
import { type HostBook, type PoolBook, workersOf } from './books.js';
import { EffectRunner } from './effect-runner.js';
import { verifyBooks } from './invariants.js';
import { joinLines } from './obituaries.js';
import { OfflineApplications } from './offline.js';
import type {
  ListenerPort,
  ObituaryView,
  PoolView,
  Runtimes,
  StandingOrders,
  SupervisorEvents,
  SupervisorPort,
} from './ports.js';
import { type Estate, reconcile } from './reconcile.js';
import { RecycleWatches } from './recycle-watches.js';
import { residentBytes } from './resident-memory.js';
import { type MeasureWorkers, Rounds } from './rounds.js';
import { Schedules } from './schedule.js';
import { StartGate } from './start-gate.js';
import { nothingOrdered, obey, standingOrders } from './standing-orders.js';
import { Timers } from './timers.js';
import { Turns } from './turns.js';
import { noUpstreams, upstreamsOf } from './upstreams.js';
import { type Measures, poolView } from './view.js';
import { WorkerOrders } from './worker-orders.js';
import type { Untimed } from './worker-runner.js';

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runtimes: Runtimes;
  readonly listeners: ListenerPort;
  readonly events: SupervisorEvents;
  /** A broken promise of the supervisor itself; default: an error record, and the rest goes on. */
  readonly invariantBroken?: (error: unknown) => void;
  /** Checks the books after every turn; for tests, because it looks at everything. */
  readonly verify?: boolean;
  /** Resident memory of a process for the view; default: /proc. */
  readonly residentBytes?: (pid: number) => number;
  /** Memory and state of workers for their limits; default: /proc. */
  readonly measure?: MeasureWorkers;
}

/** Owns every pool of this node. Calls its ports synchronously, never from inside another's callback. */
export function createSupervisor(options: SupervisorOptions): SupervisorPort {
  return new Supervisor(options);
}

class Supervisor implements SupervisorPort {
  readonly orders: WorkerOrders;
  readonly offline: OfflineApplications;
  readonly #options: SupervisorOptions;
  readonly #timers: Timers;
  readonly #turns: Turns;
  readonly #gate: StartGate;
  readonly #estate: Estate;
  readonly #rounds: Rounds;
  readonly #schedules: Schedules;
  readonly #recycles = new RecycleWatches();
  readonly #unsent = new Set<string>();
  #afterSending: ((number: number) => void)[] = [];
  #lastPublication = 0;
  #configured = false;
  #ending = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { clock, logger, runtimes, listeners, events } = options;
    const report = (error: unknown): void => logger.error('supervisor-invariant', { cause: messageOf(error) });
    this.#timers = new Timers(clock);
    this.#turns = new Turns(() => this.#endTurn(), options.invariantBroken ?? report);
    this.#gate = new StartGate(this.#timers);
    const publish = (applicationId: string): unknown => this.#unsent.add(applicationId);
    const published = (then: (number: number) => void): unknown => this.#afterSending.push(then);
    const runner = new EffectRunner({
      clock,
      logger,
      timers: this.#timers,
      turns: this.#turns,
      gate: this.#gate,
      runtimes,
      listeners,
      events,
      isAlive: (pid) => (options.residentBytes ?? residentBytes)(pid) > 0,
      publish: (host) => publish(host.id),
      published,
      recycleFailed: (host, slot) => this.#recycles.failed(host, slot),
      emptied: (host) => this.#emptied(host),
    });
    this.#schedules = new Schedules(clock, this.#timers, (pool) => this.#turns.post(() => this.#onSchedule(pool)));
    const measure = options.measure ?? measureWorkers;
    const pools = (): readonly PoolBook[] => this.#everyPool();
    this.#rounds = new Rounds({ logger, timers: this.#timers, turns: this.#turns, runner, measure, pools });
    const forget = (host: HostBook): void => this.#forget(host);
    this.orders = new WorkerOrders({ logger, turns: this.#turns, recycles: this.#recycles, runner: () => runner });
    this.#estate = {
      pools: new Map(),
      departing: new Set(),
      hosts: new Map(),
      runner,
      publish,
      schedules: this.#schedules,
      forget,
      offline: new Set(),
      inherited: nothingOrdered,
      config: null,
      created: 0,
    };
    this.offline = new OfflineApplications({ estate: this.#estate, turns: this.#turns, listeners, published });
  }

  // --- configuration

  apply(config: CompiledConfig): void {
    this.#turns.post(() => {
      if (this.#ending) return;
      this.#gate.setPlaces(config.server.startConcurrency);
      this.#rounds.setBudget(config.server.memoryBudgetBytes);
      reconcile(this.#estate, config);
      this.#configured = true;
    });
  }

  // --- what listeners say

  upstreams(): readonly ApplicationUpstreams[] {
    const nowMs = this.#options.clock.monotonicMs();
    return [...this.#estate.hosts.values()].map((host) => upstreamsOf(host, nowMs));
  }

  needWorker(applicationId: string): void {
    this.#turns.post(() => {
      const pool = this.#estate.hosts.get(applicationId)?.pool;
      if (pool !== undefined) this.#estate.runner.feedPool(pool, { type: 'needWorker', applicationId });
    });
  }

  busy(applicationId: string): void {
    this.#turns.post(() => {
      const host = this.#estate.hosts.get(applicationId);
      if (host !== undefined) this.#estate.runner.feedHost(host, { type: 'busy' });
    });
  }

  served(workerId: number): void {
    this.#feedWorker(workerId, { type: 'served' });
  }

  unreachable(workerId: number, error: string): void {
    this.#feedWorker(workerId, { type: 'unreachable', error });
  }

  activity(workerId: number, inFlight: number, requestsTotal: number, underWayMs = 0): void {
    this.#feedWorker(workerId, { type: 'activity', inFlight, requestsTotal, underWayMs });
  }

  lost(workerId: number, lines: readonly string[], suspects: readonly string[]): void {
    if (lines.length === 0) return;
    this.#turns.post(() => {
      const worker = this.#estate.runner.workers.byId.get(workerId);
      if (worker !== undefined) {
        worker.lines = joinLines(worker.lines, lines);
        worker.suspects = joinLines(worker.suspects, suspects);
        return;
      }
      this.#estate.runner.burials.lost(workerId, lines, suspects);
      const told = (known: ObituaryView): Partial<ObituaryView> => ({
        requestsInFlight: joinLines(known.requestsInFlight, lines),
        suspects: joinLines(known.suspects, suspects),
      });
      this.#everyPool().some((pool) => pool.obituaries.amend(workerId, told));
    });
  }

  #feedWorker(workerId: number, event: Untimed<WorkerEvent>): void {
    this.#turns.post(() => {
      const worker = this.#estate.runner.workers.byId.get(workerId);
      if (worker !== undefined) this.#estate.runner.workers.feed(worker, event);
    });
  }

  // --- what people ask

  view(measured = true): readonly PoolView[] {
    const measures = this.#measures(measured);
    return this.#everyPool().map((pool) => poolView(pool, measures));
  }

  viewOf(name: string): PoolView | null {
    const pool = this.#estate.pools.get(name);
    return pool === undefined ? null : poolView(pool, this.#measures(true));
  }

  #measures(measured: boolean): Measures {
    const { clock, residentBytes: read = residentBytes } = this.#options;
    return { rssBytes: measured ? read : () => 0, nowMs: clock.monotonicMs() };
  }

  settled(): boolean {
    if (!this.#configured) return false;
    for (const host of this.#estate.hosts.values()) {
      const awaited = host.pool.config.startMode === 'AlwaysRunning' && isOpen(host.pool.machine.life);
      if (awaited && !host.settledOnce) return false;
    }
    return true;
  }

  recyclePool(name: string, reason: RecycleReason): Promise<void> {
    return this.#command(name, (pool, resolve, reject) => {
      if (!isOpen(pool.machine.life)) {
        reject(new SluiceError('pool-not-started', `pool ${name} is not started`, 'Start the pool first.'));
        return;
      }
      this.#options.logger.info('recycle', { pool: name, why: reason });
      this.#recycles.add({ pool, only: null, resolve, reject });
      this.#recycle(pool, reason);
      crashPoint('recycle.asked');
    });
  }

  #recycle(pool: PoolBook, reason: RecycleReason): void {
    const { runner } = this.#estate;
    for (const host of pool.hosts) {
      if (host.removed) continue;
      runner.noteRecycle(host, reason);
      runner.feedHost(host, { type: 'recycle', slot: null, reason });
    }
  }

  #onSchedule(pool: PoolBook): void {
    if (!this.#ending && isOpen(pool.machine.life)) this.#recycle(pool, 'schedule');
  }

  startPool(name: string): Promise<void> {
    return this.#command(name, (pool, resolve, reject) => {
      if (this.#ending) {
        reject(new SluiceError('shutting-down', `pool ${name} cannot be started: the server is stopping`));
        return;
      }
      this.#estate.runner.feedPool(pool, { type: 'start' });
      resolve();
    });
  }

  stopPool(name: string): Promise<void> {
    return this.#command(name, (pool, resolve) => {
      pool.whenStopped.push(resolve);
      this.#estate.runner.feedPool(pool, { type: 'stop' });
    });
  }

  standingOrders(): StandingOrders {
    return standingOrders(this.#estate);
  }

  inherit(orders: StandingOrders): void {
    const wanted = new Set(orders.offline);
    for (const id of this.offline.ids) if (!wanted.has(id)) this.offline.bring(id);
    for (const id of wanted) if (!this.offline.ids.has(id)) this.offline.take(id).catch(() => undefined);
    this.#turns.post(() => {
      if (this.#configured) obey(this.#estate, orders);
      else this.#estate.inherited = orders;
    });
  }

  stopAll(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.post(() => {
        this.#ending = true;
        const pools = this.#everyPool();
        for (const pool of pools) this.#schedules.disarm(pool);
        let left = pools.length;
        const done = (): void => {
          this.#timers.cancelAll('stop-all');
          this.#estate.runner.ledger.flush();
          this.#estate.runner.burials.flush();
          resolve();
        };
        if (left === 0) done();
        // A process that even SIGKILL cannot end must not keep the server.
        else this.#timers.set('stop-all', 'limit', limitMs + acknowledgeSilenceMs, done);
        for (const pool of pools) {
          pool.whenStopped.push(() => {
            left -= 1;
            if (left === 0) done();
          });
          this.#estate.runner.feedPool(pool, { type: 'shutdown', limitMs });
        }
      });
    });
  }

  killAll(): void {
    this.#turns.post(() => {
      this.#ending = true;
      const { runner } = this.#estate;
      for (const pool of this.#everyPool()) {
        runner.feedPool(pool, { type: 'shutdown', limitMs: 0 });
        for (const worker of workersOf(pool)) runner.workers.feed(worker, { type: 'killNow' });
      }
      runner.ledger.flush();
      runner.burials.flush();
    });
  }

  #command(
    name: string,
    run: (pool: PoolBook, resolve: () => void, reject: (error: SluiceError) => void) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#turns.post(() => {
        const pool = this.#estate.pools.get(name);
        if (pool === undefined) reject(new SluiceError('no-such-pool', `there is no pool named ${name}`));
        else run(pool, resolve, reject);
      });
    });
  }

  // --- the end of a turn

  /** Sends what has changed, once per turn; returns whether that may have left more to do. */
  #endTurn(): boolean {
    this.#recycles.check();
    this.#estate.runner.ledger.check();
    this.#rounds.arm();
    if (this.#unsent.size === 0 && this.#afterSending.length === 0) {
      if (this.#options.verify === true) this.#verify();
      return false;
    }
    if (this.#unsent.size > 0) {
      const nowMs = this.#options.clock.monotonicMs();
      const changed = [...this.#unsent].map((id) => {
        const host = this.#estate.hosts.get(id);
        return host === undefined ? noUpstreams(id) : upstreamsOf(host, nowMs);
      });
      this.#unsent.clear();
      this.#lastPublication = this.#options.listeners.publish(changed);
    }
    const after = this.#afterSending;
    this.#afterSending = [];
    for (const then of after) then(this.#lastPublication);
    return true;
  }

  #verify(): void {
    try {
      verifyBooks(this.#everyPool(), this.#timers, this.#gate);
    } catch (error) {
      this.#options.invariantBroken?.(error);
    }
  }

  #emptied(host: HostBook): void {
    if (host.removed || host.pool.removed) this.#forget(host);
    this.offline.emptied(host.id);
  }

  #forget(host: HostBook): void {
    const { pool } = host;
    this.#timers.cancelAll(host.key);
    pool.hosts.delete(host);
    const successor = this.#estate.hosts.get(host.id);
    if (successor?.pool !== pool) pool.obituaries.forget(host.id);
    if (!pool.removed || pool.hosts.size > 0) return;
    this.#timers.cancelAll(pool.key);
    this.#estate.departing.delete(pool);
  }

  #everyPool(): readonly PoolBook[] {
    return [...this.#estate.pools.values(), ...this.#estate.departing];
  }
}
