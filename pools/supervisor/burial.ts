/** What is written down when a worker process is gone: obituary, log record, problem of the application. */
import { lostLinesWaitMs, obituaryOutputCharsMax } from '../../config/base/limits.js';
import type { Clock } from '../../config/base/clock.js';
import type { LogFields, Logger } from '../../config/base/logger.js';
import type { EndReport } from '../lifecycle/events.js';
import { inFlight } from '../lifecycle/worker-states.js';
import type { StallReport } from '../protocol/stall-report.js';
import type { BlackBoxes } from '../runtimes/black-boxes.js';
import type { WorkerBook } from './books.js';
import { eventFields, existing, startEventId } from '../../config/base/iis-events.js';
import { crashEventIds, endEventIds, eventIdOf } from './event-ids.js';
import { stepsOf } from './failure-page.js';
import { explainStart, howItEnded, problemLine, startFailureFields } from './failure-report.js';
import { joinLines } from './obituaries.js';
import { tellStall } from './stall-text.js';
import type { Timers } from './timers.js';

/** Owner of the timers of crash records that wait. */
export const burialsOwner = 'burials';

/** Buries workers. A crash is logged a moment later, when the listeners have told what they lost with it. */
export class Burials {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timers: Timers;
  readonly #blackBoxes: BlackBoxes | undefined;
  readonly #waiting = new Map<number, { readonly worker: WorkerBook; readonly end: EndReport }>();

  constructor(clock: Clock, logger: Logger, timers: Timers, blackBoxes?: BlackBoxes) {
    this.#clock = clock;
    this.#logger = logger;
    this.#timers = timers;
    this.#blackBoxes = blackBoxes;
  }

  bury(worker: WorkerBook, end: EndReport): void {
    const stall = stallOf(worker, end);
    if (stall !== null) {
      const file = this.#blackBoxes?.fileOf(worker.host.pool.name, worker.host.id) ?? '';
      worker.attachments = [...worker.attachments, { kind: 'stall', text: tellStall(stall), file }];
    }
    buryWorker(worker, end, this.#clock, this.#logger);
    if (end.outcome !== 'crashed') return;
    this.#waiting.set(worker.id, { worker, end });
    this.#timers.set(burialsOwner, String(worker.id), lostLinesWaitMs, () => this.#write(worker.id));
  }

  /** Lines of a worker that is buried already. */
  lost(workerId: number, lines: readonly string[], suspects: readonly string[]): void {
    const crash = this.#waiting.get(workerId);
    if (crash === undefined) return;
    crash.worker.lines = joinLines(crash.worker.lines, lines);
    crash.worker.suspects = joinLines(crash.worker.suspects, suspects);
  }

  /** Every listener has reported. */
  tallied(worker: WorkerBook): void {
    worker.host.pool.obituaries.amend(worker.id, () => ({ inFlight: endedWithIt(worker) }));
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
    const output = (worker.exit?.outputTail ?? '').trimEnd().split('\n').slice(-20).join('\n');
    const suspects = worker.suspects.length === 0 ? {} : { suspects: worker.suspects.join(', ') };
    const told = { inFlight: endedWithIt(worker), counts: end.counts, ...suspects, output };
    this.#logger.error('worker-crashed', {
      ...about(worker, end),
      ...eventFields(...eventIdsOf(worker, end)),
      how: howItEnded(worker),
      ...told,
      ...this.#keepStall(worker, end),
    });
  }

  #keepStall(worker: WorkerBook, end: EndReport): LogFields {
    const stall = stallOf(worker, end);
    if (stall === null) return {};
    const { host, pid, slot, lines } = worker;
    const record = { atMs: this.#clock.wallMs(), application: host.id, slot, pid, requestsInFlight: lines, ...stall };
    this.#blackBoxes?.keep(host.pool.name, host.id, record);
    return { stall: stall.summary };
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
      startedAtMs: worker.spawnedWallMs,
      applicationId: host.id,
      slot,
      generation: worker.generation,
      pid,
      code: exit?.code ?? null,
      signal: exit?.signal ?? null,
      reason: end.reason,
      cause: worker.machine.retired ?? '',
      eventId: eventIdOf(end.reason),
      eventIds: existing(eventIdsOf(worker, end)),
      inFlight: endedWithIt(worker),
      how: howItEnded(worker),
      requestsInFlight: worker.lines,
      suspects: worker.suspects,
      outputTail: (report?.outputTail ?? exit?.outputTail ?? '').slice(-obituaryOutputCharsMax),
      journey: stepsOf(report ?? worker),
      attachments: worker.attachments,
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
  logger.info('worker-ended', { ...about(worker, end), ...eventFields(...eventIdsOf(worker, end)), how });
}

/** An examination may also have ended well: only the end by it makes it the cause. */
function stallOf(worker: WorkerBook, { reason }: EndReport): StallReport | null {
  return reason === 'hang' ? worker.stall : null;
}

/** Counts of listeners and host are up to a second old; their tally and the lines are what was really under way. */
function endedWithIt({ tally, machine, lines }: WorkerBook): number {
  return Math.max(lines.length, tally === null ? inFlight(machine.health) : tally.retried + tally.cut);
}

function eventIdsOf({ machine, exit }: WorkerBook, { reason, outcome }: EndReport): readonly number[] {
  const isInProcess = machine.rules.model === 'InProcess';
  if (outcome === 'start-failed') return [eventIdOf(reason), startEventId(isInProcess, false)];
  const end = { reason, isInProcess, ran: machine.ran, hasOutput: (exit?.outputTail ?? '').trim() !== '' };
  return outcome === 'crashed' ? crashEventIds(end) : endEventIds(end);
}

function about({ id, host, slot, pid }: WorkerBook, { reason }: EndReport) {
  return { pool: host.pool.name, application: host.id, worker: id, slot, pid, reason };
}
