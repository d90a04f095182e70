/** What listeners are told: which workers may get requests, or the answer that stands for them. */
import type { ApplicationFailure } from '../lifecycle/application-states.js';
import { isEligible } from '../lifecycle/worker-states.js';
import type { ApplicationUpstreams, UpstreamWorker } from '../protocol/snapshot.js';
import { type HostBook, type WorkerBook, workerAt } from './books.js';
import { pageOf } from './failure-page.js';
import { storedFailure } from './failure-report.js';

/** At most one generation of each slot: its current one, while it is running. */
export function upstreamsOf(host: HostBook, nowMs: number): ApplicationUpstreams {
  const workers: UpstreamWorker[] = [];
  for (const slot of host.machine.slots) {
    if (slot.current === null) continue;
    const worker = workerAt(host, slot.number, slot.current.generation);
    const upstream = worker === undefined ? null : upstreamOf(worker);
    if (worker !== undefined && upstream !== null && isEligible(worker.machine.life)) workers.push(upstream);
  }
  return { applicationId: host.id, workers, failure: failureOf(host, nowMs) };
}

/** An application that no pool has any more. */
export function noUpstreams(applicationId: string): ApplicationUpstreams {
  const gone: ApplicationFailure = { status: 503, subStatus: 0, reason: 'AppShutdown', retryAtMs: 0 };
  return { applicationId, workers: [], failure: storedFailure(gone, 0) };
}

export function upstreamOf(worker: WorkerBook): UpstreamWorker | null {
  const { id, slot, generation, endpoint } = worker;
  return endpoint === null ? null : { workerId: id, slot, generation, endpoint };
}

function failureOf(host: HostBook, nowMs: number): ApplicationUpstreams['failure'] {
  const { failure } = host.machine;
  return failure === null ? null : storedFailure(failure, nowMs, pageOf(host, failure.reason));
}
