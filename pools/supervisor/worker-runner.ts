/** Runs the effects of worker machines against runtimes, listeners, timers and the start limit. */
import type { Clock } from '../../config/base/clock.js';
import { messageOf } from '../../config/base/errors.js';
import { orphansPerPoolMax } from '../../config/base/limits.js';
import { invariant, unreachable } from '../../config/base/invariant.js';
import type { Logger } from '../../config/base/logger.js';
import type { ApplicationEffect, WorkerEffect } from '../lifecycle/effects.js';
import type { EndReport, WorkerEvent } from '../lifecycle/events.js';
import type { RecycleReason } from '../lifecycle/exit-reason.js';
import { stepWorker } from '../lifecycle/worker-machine.js';
import { isStarting, newWorker } from '../lifecycle/worker-states.js';
import { type DrainReceipt, emptyReceipt } from '../protocol/listener-to-primary.js';
import type { WorkerGoneReason } from '../protocol/primary-to-listener.js';
import { crashPoint } from '../runtimes/crash-points.js';
import type { StartFailure, WorkerEvents } from '../runtimes/runtime.js';
import type { HostBook, WorkerBook } from './books.js';
import type { ListenerPort, Runtimes } from './ports.js';
import { workerRules } from './rules.js';
import type { StartGate } from './start-gate.js';
import type { Timers } from './timers.js';
import type { Turns } from './turns.js';
import { upstreamOf } from './upstreams.js';

/** An event before the runner stamps it. */
export type Untimed<E> = E extends unknown ? Omit<E, 'nowMs'> : never;

export interface WorkerRunnerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly turns: Turns;
  readonly gate: StartGate;
  readonly runtimes: Runtimes;
  readonly listeners: ListenerPort;
  isAlive(pid: number): boolean;
  /** Remembers that the upstreams of this application must be sent when this turn is over. */
  publish(host: HostBook): void;
  /** Runs once they have been sent; `number` is the latest publication. */
  published(then: (number: number) => void): void;
  readonly report: {
    running(worker: WorkerBook): void;
    served(worker: WorkerBook): void;
    idle(worker: WorkerBook): void;
    stalled(worker: WorkerBook, silentMs: number): void;
    suspected(worker: WorkerBook, error: string): void;
    recycleDue(worker: WorkerBook, reason: RecycleReason): void;
    suspended(worker: WorkerBook): void;
    awake(worker: WorkerBook): void;
    orphaned(worker: WorkerBook): void;
    ended(worker: WorkerBook, end: EndReport): void;
    /** Every listener has told what became of its requests. */
    tallied(worker: WorkerBook): void;
  };
}

export class WorkerRunner {
  readonly byId = new Map<number, WorkerBook>();
  readonly #ports: WorkerRunnerPorts;
  #lastId = 0;

  constructor(ports: WorkerRunnerPorts) {
    this.#ports = ports;
  }

  /** A new life of a slot; it waits for its turn in the start limit. */
  begin(host: HostBook, start: Extract<ApplicationEffect, { readonly type: 'startWorker' }>): void {
    const { config: application, site } = host;
    const pool = host.pool.config;
    const { hosting } = application;
    invariant(hosting !== null, `${host.id} has no hosting to start`);
    const worker: WorkerBook = {
      id: ++this.#lastId,
      host,
      slot: start.slot,
      generation: start.generation,
      replacement: start.replacement,
      request: { pool, application, hosting, site },
      machine: newWorker(workerRules(pool, hosting)),
      handle: null,
      endpoint: null,
      pid: 0,
      spawnedAtMs: 0,
      spawnedWallMs: 0,
      failure: null,
      exit: null,
      journey: [],
      startMs: 0,
      warmUpMs: 0,
      beat: null,
      node: '',
      orphaned: false,
      lines: [],
      suspects: [],
      tally: null,
      attachments: [],
      stall: null,
    };
    this.byId.set(worker.id, worker);
    host.workers.set(worker.id, worker);
    this.#ports.gate.enter(worker.id, () => this.#later(worker, { type: 'granted' }));
  }

  feed(worker: WorkerBook, event: Untimed<WorkerEvent>): void {
    const nowMs = this.#ports.clock.monotonicMs();
    const { machine, effects } = stepWorker(worker.machine, { ...event, nowMs });
    worker.machine = machine;
    for (const effect of effects) this.#run(worker, effect);
    if (machine.life !== 'queued' && !isStarting(machine.life)) this.#ports.gate.leave(worker.id);
    if (machine.life === 'gone') this.byId.delete(worker.id);
  }

  #run(worker: WorkerBook, effect: WorkerEffect): void {
    const { listeners, timers, report } = this.#ports;
    const owner = `worker:${worker.id}`;
    switch (effect.type) {
      case 'spawn':
        return this.#spawn(worker);
      case 'openLink':
        return this.#openLink(worker);
      case 'ping':
        return worker.handle?.ping();
      case 'publish':
        return this.#ports.publish(worker.host);
      case 'awaitAcknowledgement':
        return this.#ports.published((number) => {
          crashPoint('recycle.unpublished');
          const acknowledged = (): void => this.#later(worker, { type: 'acknowledged' });
          listeners.whenAcknowledged(number).then(acknowledged, acknowledged);
        });
      case 'drain':
        return this.#drain(worker, effect);
      case 'check':
        return worker.handle?.check();
      case 'suspend':
        return worker.handle?.suspend();
      case 'resume':
        return worker.handle?.resume();
      case 'orphan':
        return this.#orphan(worker);
      case 'terminate':
        worker.handle?.terminate();
        return crashPoint('recycle.terminating');
      case 'kill':
        return worker.handle?.kill();
      case 'gone':
        return this.#ports.published(() => this.#gone(worker, effect.reason));
      case 'late':
        return listeners.late(worker.id, effect.late);
      case 'examine':
        return worker.handle?.examine(effect.capture);
      case 'setTimer':
        return timers.set(owner, effect.name, effect.delayMs, () =>
          this.#later(worker, { type: 'timer', name: effect.name }),
        );
      case 'cancelTimer':
        return timers.cancel(owner, effect.name);
      case 'cancelTimers':
        return timers.cancelAll(owner);
      case 'reportRunning':
        return report.running(worker);
      case 'reportServed':
        return report.served(worker);
      case 'reportIdle':
        return report.idle(worker);
      case 'reportStalled':
        return report.stalled(worker, effect.silentMs);
      case 'reportSuspected':
        return report.suspected(worker, effect.error);
      case 'reportRecycleDue':
        return report.recycleDue(worker, effect.why);
      case 'reportSuspended':
        return report.suspended(worker);
      case 'reportAwake':
        return report.awake(worker);
      case 'reportEnded':
        return report.ended(worker, effect.end);
      default:
        return unreachable(effect);
    }
  }

  #spawn(worker: WorkerBook): void {
    const { clock, runtimes } = this.#ports;
    worker.spawnedAtMs = clock.monotonicMs();
    worker.spawnedWallMs = clock.wallMs();
    const { slot, generation, request } = worker;
    const runtime = request.hosting.hostingModel === 'InProcess' ? runtimes.inProcess : runtimes.outOfProcess;
    try {
      worker.handle = runtime.start({ workerId: worker.id, slot, generation, ...request }, this.#listen(worker));
    } catch (error) {
      const { status, subStatus } = worker.machine;
      const cause = `the start threw: ${messageOf(error)}`;
      this.#failStart(worker, { ...noReport, status, subStatus, code: 'spawn-failed', cause });
    }
  }

  #listen(worker: WorkerBook): WorkerEvents {
    return {
      spawned: (pid) => {
        worker.pid = pid;
        if (worker.replacement) crashPoint('recycle.replacement-spawned');
        this.#later(worker, { type: 'spawned' });
      },
      hello: (node = '') => {
        // The process says it itself: nothing but a version goes further.
        if (/^v\d{1,4}\.\d{1,4}\.\d{1,4}$/.test(node)) worker.node = node;
        this.#later(worker, { type: 'hello' });
      },
      ready: (endpoint, journey) => {
        worker.endpoint = endpoint;
        worker.journey = journey;
        worker.warmUpMs = journey.find(({ step }) => step === 'warm-up')?.durationMs ?? 0;
        this.#later(worker, { type: 'listening' });
      },
      startFailed: (failure) => this.#failStart(worker, failure),
      heartbeat: (beat) => {
        worker.beat = { ...beat, atMs: this.#ports.clock.monotonicMs() };
        this.#later(worker, { type: 'heartbeat', inFlight: beat.inFlight, quiet: beat.quiet });
      },
      examined: (finding, stall) => {
        if (stall !== null) worker.stall = stall;
        this.#later(worker, { type: 'examined', finding });
      },
      pong: () => this.#later(worker, { type: 'pong' }),
      checked: (healthy) => this.#later(worker, { type: 'checked', healthy }),
      exited: (exit) => {
        worker.exit = exit;
        const { code, signal, violation, limit } = exit;
        this.#later(worker, { type: 'exited', code, signal, violation, limit });
      },
    };
  }

  #failStart(worker: WorkerBook, failure: StartFailure): void {
    worker.failure = failure;
    const { status, subStatus, code } = failure;
    const reason = code === startupTimeoutCode ? code : 'start-failed';
    this.#later(worker, { type: 'startFailed', status, subStatus, reason });
  }

  #openLink(worker: WorkerBook): void {
    const { listeners } = this.#ports;
    const upstream = upstreamOf(worker);
    invariant(upstream !== null, `worker ${worker.id} listens without an endpoint`);
    listeners.link(worker.host.id, upstream);
    listeners.whenLinked(worker.id).then(
      () => this.#later(worker, { type: 'linked' }),
      (error: unknown) => {
        const { status, subStatus } = worker.machine;
        const cause = `a listener could not open its link: ${messageOf(error)}`;
        if (!worker.machine.ran) worker.failure = { ...noReport, status, subStatus, code: 'link-failed', cause };
        this.#later(worker, { type: 'linkFailed' });
      },
    );
  }

  /** Only so many: the rest of the sick processes ends as usual, so that a bad day does not fill the machine. */
  #orphan(worker: WorkerBook): void {
    const { pool } = worker.host;
    const ports = this.#ports;
    pool.orphans = pool.orphans.filter((pid) => ports.isAlive(pid));
    if (pool.orphans.length >= orphansPerPoolMax) return worker.handle?.kill();
    pool.orphans = [...pool.orphans, worker.pid];
    worker.orphaned = true;
    worker.handle?.orphan();
    ports.report.orphaned(worker);
  }

  #drain(worker: WorkerBook, { noticeAfterMs, ends }: Extract<WorkerEffect, { readonly type: 'drain' }>): void {
    if (ends) worker.handle?.drain();
    const drained = (): void => this.#later(worker, { type: 'drained' });
    this.#ports.listeners.drain(worker.id, noticeAfterMs).then(drained, drained);
    crashPoint('recycle.draining');
  }

  #gone(worker: WorkerBook, reason: WorkerGoneReason): void {
    const { listeners, turns, report } = this.#ports;
    const tallied = (tally: DrainReceipt): void =>
      turns.post(() => {
        worker.tally = tally;
        report.tallied(worker);
      });
    listeners.gone(worker.id, reason).then(tallied, () => tallied(emptyReceipt));
  }

  #later(worker: WorkerBook, event: Untimed<WorkerEvent>): void {
    this.#ports.turns.post(() => this.feed(worker, event));
  }
}

/** `StartFailure.code` of a start that took too long. */
const startupTimeoutCode = 'startup-timeout';

const noReport: StartFailure = {
  attempts: 1,
  status: 500,
  subStatus: 30,
  code: '',
  cause: '',
  remedy: '',
  outputTail: '',
  journey: [],
};
