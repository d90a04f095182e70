/** A failed start and a stored failure in words: for waiting requests, the log and the admin API. */
import { startEventId } from '../../config/base/iis-events.js';
import type { LogFields } from '../../config/base/logger.js';
import { statusEntry } from '../../config/base/statuses.js';
import type { ApplicationFailure } from '../lifecycle/application-states.js';
import type { ExitReason } from '../lifecycle/exit-reason.js';
import type { StoredFailure } from '../protocol/snapshot.js';
import type { StartFailure } from '../runtimes/runtime.js';
import type { WorkerBook } from './books.js';

/** Last output lines in the log record of a failed start. */
const outputLinesLogged = 20;

/** The answer for requests. Paths and output are for the log; a page with them only goes to a Development environment. */
export function storedFailure(failure: ApplicationFailure, nowMs: number, page?: StoredFailure['page']): StoredFailure {
  const { status, subStatus, reason, retryAtMs } = failure;
  const retryAfterSeconds = retryAtMs > 0 ? Math.max(1, Math.ceil((retryAtMs - nowMs) / 1_000)) : 0;
  const title = statusEntry(status, subStatus, reason)?.title ?? '';
  const stored = { status, subStatus, reason, title, retryAfterSeconds };
  return page === undefined ? stored : { ...stored, page };
}

/** What is known of a failed start, from the runtime if it told, else from the end of the process. */
export function explainStart(worker: WorkerBook, reason: ExitReason, nowMs: number): StartFailure {
  const { failure, exit, machine, request } = worker;
  const outputTail = exit?.outputTail ?? '';
  if (failure !== null) return failure.outputTail === '' ? { ...failure, outputTail } : failure;
  const { status, subStatus } = machine;
  const tookMs = Math.round(nowMs - worker.spawnedAtMs);
  const step = machine.listened ? 'ownership' : 'listen';
  const journey = [{ step, startedAtMs: worker.spawnedAtMs, durationMs: tookMs, outcome: 'failed' } as const];
  if (reason === 'startup-timeout') {
    const cause = `not ready after ${tookMs} ms (startupTimeLimit ${request.hosting.startupTimeLimitMs} ms)`;
    const remedy = 'See the last output lines, or raise startupTimeLimit if the application needs longer.';
    return { status, subStatus, attempts: 1, code: reason, cause, remedy, outputTail, journey };
  }
  const cause = `the process ended ${tookMs} ms after its start, ${howItEnded(worker)}`;
  const remedy = 'See the last output lines; the same command run by hand shows the error too.';
  return { status, subStatus, attempts: 1, code: 'exited-early', cause, remedy, outputTail, journey };
}

export function howItEnded(worker: WorkerBook): string {
  const exit = worker.exit;
  if (worker.orphaned) return 'left alone for inspection';
  if (exit === null) return 'without a process';
  if (exit.violation !== null) return `ended by Sluice: ${exit.violation}`;
  if (exit.limit === 'memory') return `by ${exit.signal ?? 'SIGKILL'}: the pool reached resources.memoryMax`;
  if (exit.limit === 'cpu') return 'ended by Sluice: the pool reached cpu.limit (KillW3wp)';
  if (exit.signal !== null) return `by ${exit.signal}`;
  return `with exit code ${exit.code ?? 'unknown'}`;
}

export function startFailureFields(worker: WorkerBook, report: StartFailure): LogFields {
  return {
    pool: worker.host.pool.name,
    application: worker.host.id,
    slot: worker.slot,
    attempts: report.attempts,
    pid: worker.pid,
    status: `${report.status}.${report.subStatus}`,
    code: report.code,
    eventId: startEventId(worker.machine.rules.model === 'InProcess', false),
    cause: report.cause,
    remedy: report.remedy,
    journey: journeyLine(report),
    output: report.outputTail.trimEnd().split('\n').slice(-outputLinesLogged).join('\n'),
  };
}

/** `listen 1043 ms failed`, for log lines. */
function journeyLine(report: StartFailure): string {
  return report.journey
    .map(({ step, durationMs, outcome }) => `${step} ${Math.round(durationMs)} ms${outcome === 'ok' ? '' : ' failed'}`)
    .join(', ');
}

/** One line for the view of a pool. */
export function problemLine(report: StartFailure): string {
  return `${report.status}.${report.subStatus} ${report.code}: ${report.cause}`;
}
