/** The view of a pool for whoever can open a TCP connection on this machine: every user of it, other tenants too. */
import type { PoolView } from '../../pools/supervisor/ports.js';

type Words = 'outputTail' | 'how' | 'requestsInFlight' | 'suspects' | 'attachments';
type OpenObituary = Omit<PoolView['obituaries'][number], Words>;
type OpenReceipt = Omit<PoolView['receipts'][number], Words>;

type OpenApplication = Omit<PoolView['applications'][number], 'failure'>;

export type OpenPoolView = Omit<PoolView, 'obituaries' | 'receipts' | 'applications'> & {
  readonly obituaries: readonly OpenObituary[];
  readonly receipts: readonly OpenReceipt[];
  readonly applications: readonly OpenApplication[];
};

/** Without what the application printed and was asked. Fields are named, so that a new one stays closed. */
export function openView(pool: PoolView): OpenPoolView {
  const { name, state, stoppedReason, workers, restarts } = pool;
  // After the colon stands the cause, which may quote what the application threw.
  const applications = pool.applications.map(({ id, site, path, hostingModel, state: life, problem, spare }) => {
    return { id, site, path, hostingModel, state: life, problem: problem.split(': ', 1)[0] ?? '', spare };
  });
  const obituaries = pool.obituaries.map(openObituary);
  const receipts = pool.receipts.map(openReceipt);
  return { name, state, stoppedReason, applications, workers, restarts, obituaries, receipts };
}

function openObituary(full: PoolView['obituaries'][number]): OpenObituary {
  const { atMs, startedAtMs, applicationId, workerId, slot, generation, pid, code, signal } = full;
  const { reason, cause, eventId, inFlight, journey } = full;
  const what = { atMs, startedAtMs, applicationId, workerId, slot, generation, pid, code, signal };
  return { ...what, reason, cause, eventId, inFlight, journey };
}

function openReceipt(full: PoolView['receipts'][number]): OpenReceipt {
  const { id, atMs, durationMs, kind, cause, outcome, applicationId, slot, old, successor, requests, eventId } = full;
  return { id, atMs, durationMs, kind, cause, outcome, applicationId, slot, old, successor, requests, eventId };
}
