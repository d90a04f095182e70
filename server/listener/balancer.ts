// HOT: measured by test/bench/main.ts
import type { AffinityMark } from '../proxy/affinity.js';
import type { ApplicationState, Worker } from '../proxy/worker.js';

const lateWeight = 1_000_000;

/**
 * Chooses the worker with the least requests outstanding: those of this listener plus the total the
 * worker told last; ties go round. A late worker is chosen only when no other is eligible.
 * A client with a mark gets the worker of its slot while there is one.
 * @returns null when none is connected, or each has its share of requests under way.
 */
export function pickWorker(application: ApplicationState, nowMs: number, mark: AffinityMark | null): Worker | null {
  const workers = application.workers;
  const own = mark === null ? null : workerOf(application, mark, nowMs);
  if (own !== null) return own;
  const count = workers.length;
  const share = application.pool?.concurrencyShare ?? 0;
  if (count === 1) {
    const only = workers[0];
    return only !== undefined && isEligible(only, share, nowMs) ? only : null;
  }
  let best: Worker | null = null;
  let bestScore = Infinity;
  let bestIndex = 0;
  for (let step = 0; step < count; step += 1) {
    const index = (application.cursor + step) % count;
    const worker = workers[index];
    if (worker === undefined || !isEligible(worker, share, nowMs)) continue;
    const score = worker.inFlight + worker.abandoned + worker.totalInFlight + (worker.isLate ? lateWeight : 0);
    if (score >= bestScore) continue;
    best = worker;
    bestScore = score;
    bestIndex = index;
  }
  application.cursor = bestIndex + 1;
  return best;
}

/** The worker of the client's slot, also when it is late: another one does not know the client. */
function workerOf({ workers, pool }: ApplicationState, mark: AffinityMark, nowMs: number): Worker | null {
  const own = workers.find(({ slot }) => slot === mark.slot);
  return own !== undefined && isEligible(own, pool?.concurrencyShare ?? 0, nowMs) ? own : null;
}

function isEligible(worker: Worker, share: number, nowMs: number): boolean {
  return (
    worker.inFlight + worker.abandoned < share &&
    !worker.isDraining &&
    worker.transport !== null &&
    worker.transport.isReady &&
    (worker.restUntilMs === 0 || nowMs >= worker.restUntilMs)
  );
}
