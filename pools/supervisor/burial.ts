/** What is written down when a worker process is gone: obituary, log record, problem of the application. */
import type { Clock } from '../../config/base/clock.js';
import type { Logger } from '../../config/base/logger.js';
import type { EndReport } from '../lifecycle/events.js';
import { inFlight } from '../lifecycle/worker-states.js';
import type { WorkerBook } from './books.js';
import { explainStart, howItEnded, problemLine, startFailureFields } from './failure-report.js';

export function buryWorker(worker: WorkerBook, end: EndReport, clock: Clock, logger: Logger): void {
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
    logger.error('start-failed', startFailureFields(worker, report));
    return;
  }
  const fields = { pool: host.pool.name, application: host.id, worker: worker.id, slot, pid, reason: end.reason };
  const how = worker.spawnedAtMs > 0 ? howItEnded(worker) : 'before it was spawned';
  if (end.outcome === 'crashed') {
    const requests = inFlight(worker.machine.health);
    const output = (exit?.outputTail ?? '').trimEnd().split('\n').slice(-20).join('\n');
    logger.error('worker-crashed', { ...fields, how, inFlight: requests, counts: end.counts, output });
  } else logger.info('worker-ended', { ...fields, how });
}
