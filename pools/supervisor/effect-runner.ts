/**
 * Feeds events to the machines and runs what they ask for. Orders go down at once (pool, application,
 * worker); reports go up as tasks of their own, so that no machine hears of a step it is in the middle of.
 */
import type { Clock } from '../../config/base/clock.js';
import type { LogFields, Logger } from '../../config/base/logger.js';
import type { ProgramConfig } from '../../config/model.js';
import { stepApplication } from '../lifecycle/application-machine.js';
import { roleOf } from '../lifecycle/application-states.js';
import type { ApplicationEffect, PoolEffect } from '../lifecycle/effects.js';
import type { ApplicationEvent, EndReport, PoolEvent } from '../lifecycle/events.js';
import type { RecycleReason } from '../lifecycle/exit-reason.js';
import { stepPool } from '../lifecycle/pool-machine.js';
import { inFlight } from '../lifecycle/worker-states.js';
import { type HostBook, type PoolBook, type WorkerBook, workerAt, workersOf } from './books.js';
import { Burials } from './burial.js';
import { recycleFailedEventIds, rapidFailEvent } from './event-ids.js';
import { currentOf, Ledger } from './ledger.js';
import { crashPoint } from '../runtimes/crash-points.js';
import type { SupervisorEvents } from './ports.js';
import { workerRules } from './rules.js';
import { Spares } from './spare-hosts.js';
import type { Timers } from './timers.js';
import type { Turns } from './turns.js';
import { eventFields, startEventId } from '../../config/base/iis-events.js';
import { idleEventId, recycleEventId } from './was-events.js';
import { type Untimed, WorkerRunner, type WorkerRunnerPorts } from './worker-runner.js';

export interface EffectRunnerPorts extends Omit<WorkerRunnerPorts, 'report'> {
  readonly events: SupervisorEvents;
  /** The replacement of a slot's worker could not be started. */
  recycleFailed(host: HostBook, slot: number): void;
  /** The last process of a host or pool that is no longer configured is gone. */
  emptied(host: HostBook): void;
}

export class EffectRunner {
  readonly workers: WorkerRunner;
  readonly burials: Burials;
  readonly ledger: Ledger;
  readonly #ports: EffectRunnerPorts;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timers: Timers;
  readonly #turns: Turns;
  readonly #spares: Spares;

  constructor(ports: EffectRunnerPorts) {
    this.#ports = ports;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#timers = ports.timers;
    this.#turns = ports.turns;
    this.#spares = new Spares(ports);
    this.burials = new Burials(ports.clock, ports.logger, ports.timers, ports.runtimes.blackBoxes);
    this.ledger = new Ledger(ports);
    this.workers = new WorkerRunner({
      ...ports,
      report: {
        running: (worker) => this.#workerRuns(worker),
        served: (worker) => this.#workerServed(worker),
        stalled: (worker, silentMs) => this.#workerStalled(worker, silentMs),
        suspected: (worker, error) => this.#logger.warn('worker-unreachable', { ...about(worker), cause: error }),
        idle: (worker) => {
          const { alwaysRunning, suspendsIdle } = worker.host.machine.rules;
          if (!alwaysRunning && !suspendsIdle) this.#noteIdle('worker-idle', worker);
          this.#later(worker.host, { type: 'idle', ...keyOf(worker) });
        },
        recycleDue: (worker, reason) => {
          this.noteRecycle(worker.host, reason, { slot: worker.slot, pid: worker.pid });
          this.#later(worker.host, { type: 'recycle', slot: worker.slot, reason });
        },
        suspended: (worker) => {
          this.#noteIdle('worker-suspended', worker);
          this.#later(worker.host, { type: 'suspended', ...keyOf(worker) });
        },
        awake: (worker) => {
          this.#logger.info('worker-resumed', about(worker));
          this.#later(worker.host, { type: 'running', ...keyOf(worker) });
        },
        orphaned: (worker) => this.#workerOrphaned(worker),
        ended: (worker, end) => this.#workerEnded(worker, end),
        tallied: (worker) => this.burials.tallied(worker),
      },
    });
  }

  // --- pools

  feedPool(pool: PoolBook, event: Untimed<PoolEvent>): void {
    const before = pool.machine.life;
    const { machine, effects } = stepPool(pool.machine, { ...event, nowMs: this.#clock.monotonicMs() });
    pool.machine = machine;
    for (const effect of effects) this.#runPoolEffect(pool, effect);
    if (machine.life !== before) {
      this.#logger.debug('pool-state', { pool: pool.name, from: before, to: machine.life });
      this.#ports.events.changed(pool.name);
    }
    this.settlePool(pool);
  }

  /** A stopping pool without processes is stopped. */
  settlePool(pool: PoolBook): void {
    if (pool.machine.life === 'stopping' && workersOf(pool).length === 0) this.feedPool(pool, { type: 'emptied' });
    if (pool.machine.life === 'stopped') for (const resolve of pool.whenStopped.splice(0)) resolve();
  }

  #runPoolEffect(pool: PoolBook, effect: PoolEffect): void {
    switch (effect.type) {
      case 'open':
        for (const host of configured(pool)) this.feedHost(host, { type: 'open', slots: effect.slots });
        return;
      case 'close':
        for (const host of pool.hosts) this.feedHost(host, effect);
        return;
      case 'invite':
        for (const host of configured(pool)) this.feedHost(host, { type: 'invite' });
        return;
      case 'needWorker':
        for (const host of configured(pool)) {
          if (host.id === effect.applicationId) this.feedHost(host, { type: 'needWorker' });
        }
        return;
      case 'setTimer':
        this.#timers.set(pool.key, 'probe', effect.delayMs, () =>
          this.#turns.post(() => this.feedPool(pool, { type: 'timer' })),
        );
        return;
      case 'cancelTimer':
        this.#timers.cancel(pool.key, 'probe');
        return;
      case 'tripped':
        this.#logger.error('rapid-fail', {
          pool: pool.name,
          cause: `${pool.config.failure.rapidFailProtectionMaxCrashes} failures within the interval: the pool is stopped`,
          remedy: 'Repair the application and start the pool; the obituaries name each failure.',
          eventId: rapidFailEvent,
        });
        this.#runProgram(pool.config.failure.autoShutdown, { pool: pool.name, event: 'rapid-fail' });
        this.#ports.events.rapidFail(pool.name);
    }
  }

  // --- applications

  feedHost(host: HostBook, event: Untimed<ApplicationEvent>): void {
    const before = host.machine.life;
    const { machine, effects } = stepApplication(host.machine, { ...event, nowMs: this.#clock.monotonicMs() });
    host.machine = machine;
    for (const effect of effects) this.#runHostEffect(host, effect);
    this.#spares.review(host);
    if (machine.life === before) return;
    host.settledOnce ||= machine.life !== 'idle' && machine.life !== 'starting';
    this.#ports.events.changed(host.pool.name);
  }

  #runHostEffect(host: HostBook, effect: ApplicationEffect): void {
    const { pool } = host;
    switch (effect.type) {
      case 'startWorker':
        this.workers.begin(host, effect);
        return;
      case 'retireWorker': {
        const worker = workerAt(host, effect.slot, effect.generation);
        const limitMs = effect.limitMs ?? pool.config.processModel.shutdownTimeLimitMs;
        if (worker === undefined) return;
        this.ledger.leaves(worker, effect.reason);
        this.workers.feed(worker, { type: 'retire', reason: effect.reason, limitMs });
        return;
      }
      case 'suspendWorker':
      case 'wakeWorker': {
        const worker = workerAt(host, effect.slot, effect.generation);
        const type = effect.type === 'wakeWorker' ? 'wake' : 'suspend';
        if (worker !== undefined) this.workers.feed(worker, { type });
        return;
      }
      case 'publish':
        this.#ports.publish(host);
        return;
      case 'setTimer':
        this.#timers.set(host.key, effect.name, effect.delayMs, () =>
          this.#later(host, { type: 'timer', name: effect.name }),
        );
        return;
      case 'cancelTimer':
        this.#timers.cancel(host.key, effect.name);
        return;
      case 'recycled':
        this.#logger.info('recycled', { pool: pool.name, application: host.id, slot: effect.slot, why: effect.reason });
        this.#ports.events.recycled(pool.name, effect.reason);
        return;
      case 'recycleFailed':
        this.#logger.error('recycle-failed', {
          pool: pool.name,
          application: host.id,
          slot: effect.slot,
          why: effect.reason,
          ...eventFields(...recycleFailedEventIds(effect.reason)),
          cause: host.problem,
          remedy: 'The old worker keeps serving. Repair the application and recycle the pool again.',
        });
        this.#ports.recycleFailed(host, effect.slot);
        return;
      case 'rapidFailed':
        this.#logger.error('application-rapid-fail', {
          pool: pool.name,
          application: host.id,
          cause: `more than ${host.machine.rules.rapidFailsPerMinute} failures within a minute (rapidFailsPerMinute)`,
          remedy: 'It is tried again by itself when a minute has fewer failures.',
        });
    }
  }

  // --- what the log says in the words of IIS

  /** recycling.logEventOnRecycle decides whether a cause is written. */
  noteRecycle(host: HostBook, reason: RecycleReason, where: LogFields = {}): void {
    const eventId = recycleEventId(host.pool.config, reason);
    if (eventId === null) return;
    this.#logger.info('recycle-due', { pool: host.pool.name, application: host.id, ...where, why: reason, eventId });
  }

  #noteIdle(event: string, worker: WorkerBook): void {
    const eventId = idleEventId(worker.host.pool.config);
    if (eventId !== null) this.#logger.info(event, { ...about(worker), eventId });
  }

  #runProgram(program: ProgramConfig | null, fields: LogFields): void {
    if (program !== null) this.#ports.runtimes.runProgram(program, fields);
  }

  // --- configuration

  /** Limits and times of running workers follow the configuration. */
  reconfigure(host: HostBook): void {
    const { hosting } = host.config;
    if (hosting === null) return;
    const rules = workerRules(host.pool.config, hosting);
    for (const worker of host.workers.values()) this.workers.feed(worker, { type: 'configure', rules });
  }

  // --- reports

  #workerOrphaned(worker: WorkerBook): void {
    const { pool } = worker.host;
    const remedy = 'Look at the process (its stack, a core dump), then end it by hand; it ends with Sluice.';
    this.#logger.warn('worker-orphaned', { ...about(worker), remedy });
    const program = pool.config.failure.orphanAction;
    const pid = String(worker.pid);
    const named = program && { ...program, arguments: program.arguments.map((text) => text.replaceAll('%1%', pid)) };
    this.#runProgram(named, { pool: pool.name, event: 'worker-orphaned', worker: worker.id });
  }

  #workerRuns(worker: WorkerBook): void {
    const { host } = worker;
    host.problem = '';
    host.lastFailure = null;
    const startMs = this.#clock.monotonicMs() - worker.spawnedAtMs;
    worker.startMs = startMs;
    const eventId = startEventId(worker.machine.rules.model === 'InProcess', true);
    this.#logger.info('worker-started', { ...about(worker), startMs: Math.round(startMs), eventId });
    this.#ports.events.workerStarted(host.pool.name, host.id, startMs);
    this.#later(host, { type: 'running', ...keyOf(worker) });
    crashPoint(worker.replacement ? 'recycle.replacement-ready' : 'worker.ready');
  }

  #workerServed(worker: WorkerBook): void {
    const { host, slot, generation } = worker;
    this.#turns.post(() => {
      this.feedHost(host, { type: 'served', slot, generation });
      if (roleOf(host.machine, slot, generation) === 'current') this.feedPool(host.pool, { type: 'served' });
    });
  }

  /** A crash in all but the end of its process: it counts now, and its slot is filled now. */
  #workerStalled(worker: WorkerBook, silentMs: number): void {
    const { host, slot, generation } = worker;
    const requests = inFlight(worker.machine.health);
    this.#logger.error('worker-hung', { ...about(worker), silentMs: Math.round(silentMs), inFlight: requests });
    this.#turns.post(() => {
      const current = roleOf(host.machine, slot, generation) === 'current';
      if (current) this.ledger.stalls(worker);
      if (current && worker.machine.rules.model === 'InProcess') this.feedPool(host.pool, { type: 'failure' });
      this.feedHost(host, { type: 'stalled', slot, generation, answered: worker.machine.answered });
    });
  }

  /** The pool counts before the application may restart: a trip closes the application first. */
  #workerEnded(worker: WorkerBook, end: EndReport): void {
    const { host } = worker;
    const { pool } = host;
    this.#turns.post(() => {
      const role = roleOf(host.machine, worker.slot, worker.generation);
      const current = role === 'current';
      this.burials.bury(worker, end);
      crashPoint('recycle.old-ended');
      if (role === 'replacement') this.#replacementFailed(worker);
      this.ledger.ended(worker, end.reason, current && end.outcome === 'crashed');
      host.workers.delete(worker.id);
      if (end.outcome !== 'stopped') pool.restarts += 1;
      this.#ports.events.workerExited(pool.name, host.id, end.reason);
      const inProcess = worker.machine.rules.model === 'InProcess';
      if (end.counts && inProcess && current) this.feedPool(pool, { type: 'failure' });
      const { outcome, counts, answered, status, subStatus } = end;
      this.feedHost(host, { type: 'ended', ...keyOf(worker), outcome, counts, answered, status, subStatus });
      this.settlePool(pool);
      if (host.workers.size === 0) this.#ports.emptied(host);
      this.#ports.events.changed(pool.name);
    });
  }

  #replacementFailed(worker: WorkerBook): void {
    const { host, slot } = worker;
    const old = currentOf(host, slot);
    const reason = host.machine.slots.find(({ number }) => number === slot)?.recycleReason;
    if (old !== null && reason !== undefined) this.ledger.recycleFailed(old, worker, reason);
  }

  #later(host: HostBook, event: Untimed<ApplicationEvent>): void {
    this.#turns.post(() => this.feedHost(host, event));
  }
}

/** Hosts that are leaving the configuration are only ever closed. */
function configured(pool: PoolBook): readonly HostBook[] {
  return [...pool.hosts].filter((host) => !host.removed);
}

function keyOf(worker: WorkerBook): { readonly slot: number; readonly generation: number } {
  return { slot: worker.slot, generation: worker.generation };
}

function about(worker: WorkerBook) {
  const { id, slot, generation, pid, host } = worker;
  return { pool: host.pool.name, application: host.id, worker: id, slot, generation, pid };
}
