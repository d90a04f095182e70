/**
 * The life of one worker as the supervisor hears of it: keeps the promises of `WorkerEvents` for both
 * runtimes. A failed start is told once, before the end; the end is told exactly once and last.
 */
import type { CancelTimer } from '../../config/base/clock.js';
import { escapeControls, shorten } from '../../config/base/diagnostics.js';
import { SluiceError } from '../../config/base/errors.js';
import { workerNoteCharsMax } from '../../config/base/limits.js';
import type { LogFields } from '../../config/base/logger.js';
import type { UpstreamEndpoint } from '../protocol/snapshot.js';
import { Journey } from './journey.js';
import { writeProcessReport } from './process-report.js';
import type { WorkerEvents, WorkerStart } from './runtime.js';
import type { RuntimeParts } from './runtime-parts.js';
import type { FailureStatus, StartError } from './start-error.js';
import type { ProcessExit, WorkerProcess } from './worker-process.js';

export class WorkerLife {
  process: WorkerProcess | null = null;
  /** The supervisor asked for the end: what follows is no failure of the start. */
  stopping = false;
  readonly #parts: RuntimeParts;
  readonly #request: WorkerStart;
  readonly #events: WorkerEvents;
  readonly #status: FailureStatus;
  readonly #seen = new Set<string>();
  #journey: Journey;
  #attempts = 1;
  #cancelLimit: CancelTimer | null = null;
  #limitEndsAtMs = 0;
  #ready = false;
  #failed = false;
  #violation: string | null = null;
  #over = false;

  constructor(parts: RuntimeParts, request: WorkerStart, events: WorkerEvents, status: FailureStatus) {
    this.#parts = parts;
    this.#request = request;
    this.#events = events;
    this.#status = status;
    this.#journey = new Journey(parts.clock);
  }

  get journey(): Journey {
    return this.#journey;
  }

  /** The end is told; whatever comes now concerns nobody. */
  get isOver(): boolean {
    return this.#over;
  }

  get isReady(): boolean {
    return this.#ready;
  }

  /** The process runs. A stop that came while it was being started is carried out now. */
  attach(process: WorkerProcess): void {
    this.process = process;
    this.#events.spawned(process.pid);
    if (this.stopping) process.kill();
  }

  /** The attempt before this one is forgotten; a failure tells of the last. */
  nextAttempt(): void {
    this.#attempts += 1;
    this.#journey = new Journey(this.#parts.clock);
  }

  /** True the first time a worker says this; hosts say it once, tenants may say it again. */
  once(what: string): boolean {
    if (this.#seen.has(what)) return false;
    this.#seen.add(what);
    return true;
  }

  /** One limit runs at a time: setting the next ends the one before. */
  limit(delayMs: number, late: () => StartError): void {
    this.#limitEndsAtMs = this.#parts.clock.monotonicMs() + delayMs;
    this.#whenOver(() => this.fail(late()));
  }

  /** From now on the end of the limit that runs is no failure any more. */
  softenLimit(over: () => void): void {
    this.#whenOver(over);
  }

  #whenOver(over: () => void): void {
    const { clock } = this.#parts;
    this.cancelLimit();
    this.#cancelLimit = clock.setTimer(Math.max(0, this.#limitEndsAtMs - clock.monotonicMs()), over);
  }

  cancelLimit(): void {
    this.#cancelLimit?.();
    this.#cancelLimit = null;
  }

  ready(endpoint: UpstreamEndpoint): void {
    if (this.#ready || this.#failed || this.stopping) return;
    this.cancelLimit();
    this.journey.succeed();
    this.#ready = true;
    this.#events.ready(endpoint, this.journey.steps());
  }

  /** Before ready: tells the failure once and kills the process. Afterwards, or while stopping, only kills. */
  fail(error: StartError): void {
    this.cancelLimit();
    const tell = !this.#ready && !this.#failed && !this.stopping;
    this.#failed = true;
    if (tell) {
      this.journey.fail();
      const { status, subStatus } = error.status ?? this.#status;
      this.#events.startFailed({
        status,
        subStatus,
        attempts: this.#attempts,
        code: error.code,
        // Some of these words are the application's own.
        cause: escapeControls(shorten(error.message, workerNoteCharsMax)),
        remedy: error.remedy,
        outputTail: this.process?.outputTail() ?? '',
        journey: this.journey.steps(),
      });
    }
    this.process?.kill();
  }

  violate(problem: string): void {
    this.#violation ??= problem;
    this.cancelLimit();
    this.note('worker-violation', { problem });
    this.process?.kill();
  }

  /** The kernel's view of the process, in our own state folder. */
  processReport(): string {
    const { process } = this;
    if (process === null) throw new SluiceError('worker-not-running', 'the worker has no process yet');
    const { clock, config } = this.#parts;
    const pool = this.#request.pool.name;
    const found = { stateDir: config.stateDir, pool, pid: process.pid, nowMs: clock.wallMs() };
    return writeProcessReport({ ...found, output: process.outputTail() });
  }

  /** Something is wrong. */
  note(event: string, fields: LogFields): void {
    this.#parts.logger.warn(event, this.#about(fields));
  }

  tell(event: string, fields: LogFields): void {
    this.#parts.logger.info(event, this.#about(fields));
  }

  #about(fields: LogFields): LogFields {
    const { pool, application, workerId } = this.#request;
    return { pool: pool.name, application: application.id, workerId, ...fields };
  }

  /** The supervisor gives it up as it is. */
  orphan(): void {
    this.stopping = true;
    this.process?.abandon();
    this.end(null);
  }

  /** What its warm-up request got; 0 = nothing. A page that fails may be meant so: it decides nothing. */
  warmed(status: number): void {
    const { pool, application, workerId } = this.#request;
    const fields = { pool: pool.name, application: application.id, workerId, status };
    if (status === 0 || status >= 500) this.#parts.logger.warn('worker-warmed-up', fields);
    else this.#parts.logger.info('worker-warmed-up', fields);
  }

  end(exit: ProcessExit | null): void {
    if (this.#over) return;
    this.#over = true;
    this.cancelLimit();
    this.#events.exited({
      code: exit?.code ?? null,
      signal: exit?.signal ?? null,
      violation: this.#violation,
      limit: exit?.limit ?? null,
      outputTail: exit?.outputTail ?? this.process?.outputTail() ?? '',
    });
  }
}
