/** What is written down when a worker process is gone: obituary, log record, problem of the application. */
import { lostLinesWaitMs } from '../../config/base/limits.js';
import type { Clock } from '../../config/base/clock.js';
import type { Logger } from '../../config/base/logger.js';
import type { EndReport } from '../lifecycle/events.js';
import { inFlight } from '../lifecycle/worker-states.js';
import type { WorkerBook } from './books.js';
import { explainStart, howItEnded, problemLine, startFailureFields } from './failure-report.js';
import { joinLines } from './obituaries.js';
import type { Timers } from './timers.js';

/** Owner of the timers of crash records that wait. */
export const burialsOwner = 'burials';

/** Buries workers. A crash is logged a moment later, when the listeners have told what they lost with it. */
export class Burials {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timers: Timers;
  readonly #waiting = new Map<number, { readonly worker: WorkerBook; readonly end: EndReport }>();

  constructor(clock: Clock, logger: Logger, timers: Timers) {
    this.#clock = clock;
    this.#logger = logger;
    this.#timers = timers;
  }

  bury(worker: WorkerBook, end: EndReport): void {
    buryWorker(worker, end, this.#clock, this.#logger);
    if (end.outcome !== 'crashed') return;
    this.#waiting.set(worker.id, { worker, end });
    this.#timers.set(burialsOwner, String(worker.id), lostLinesWaitMs, () => this.#write(worker.id));
  }

  /** Lines of a worker that is buried already. */
  lost(workerId: number, lines: readonly string[]): void {
    const crash = this.#waiting.get(workerId);
    if (crash !== undefined) crash.worker.lines = joinLines(crash.worker.lines, lines);
  }

  /** Writes what still waits: the process is about to end. */
  flush(): void {
    this.#timers.cancelAll(burialsOwner);
    for (const workerId of this.#waiting.keys()) this.#write(workerId);
  }

  #write(workerId: number): void {
    const crash = this.#waiting.get(workerId);
    if (crash === undefined) return;
    this.#waiting.delete(workerId);
    const { worker, end } = crash;
    // Counts of listeners and host are up to a second old; the lines are what was really under way.
    const requests = Math.max(inFlight(worker.machine.health), worker.lines.length);
    const output = (worker.exit?.outputTail ?? '').trimEnd().split('\n').slice(-20).join('\n');
    const fields = { ...about(worker, end), how: howItEnded(worker), inFlight: requests, counts: end.counts, output };
    this.#logger.error('worker-crashed', fields);
  }
}

function buryWorker(worker: WorkerBook, end: EndReport, clock: Clock, logger: Logger): void {
  const { host, exit, pid, slot } = worker;
  const failed = end.outcome === 'start-failed';
  const report = failed ? explainStart(worker, end.reason, clock.monotonicMs()) : null;
  if (worker.spawnedAtMs > 0) {
    host.pool.obituaries.add({
      workerId: worker.id,
      atMs: clock.wallMs(),
      applicationId: host.id,
      slot,
      pid,
      code: exit?.code ?? null,
      signal: exit?.signal ?? null,
      reason: end.reason,
      requestsInFlight: worker.lines,
      outputTail: report?.outputTail ?? exit?.outputTail ?? '',
      journey: report?.journey ?? [],
    });
  }
  if (report !== null) {
    host.problem = problemLine(report);
    host.lastFailure = { report, atMs: clock.wallMs() };
    logger.error('start-failed', startFailureFields(worker, report));
    return;
  }
  if (end.outcome === 'crashed') return;
  const how = worker.spawnedAtMs > 0 ? howItEnded(worker) : 'before it was spawned';
  logger.info('worker-ended', { ...about(worker, end), how });
}

function about({ id, host, slot, pid }: WorkerBook, { reason }: EndReport) {
  return { pool: host.pool.name, application: host.id, worker: id, slot, pid, reason };
}
