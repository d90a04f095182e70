import type { CounterDelta } from '../../pools/protocol/counters.js';
import type { RequestTrace } from '../../pools/protocol/request-trace.js';
import type { WorkerActivity } from '../../pools/protocol/listener-to-primary.js';
import type { SupervisorPort } from '../../pools/supervisor/ports.js';
import type { MetricTotals } from '../metrics/fold.js';
import type { ProcessMetrics } from '../metrics/registry.js';
import type { TraceKeeper } from './trace-keeper.js';
import { ActivityBook } from './worker-activity.js';

/** What listeners say that others answer for. */
export interface FleetEvents {
  needWorker(applicationId: string): void;
  busy(applicationId: string): void;
  served(workerId: number): void;
  unreachable(workerId: number, error: string): void;
  lost(workerId: number, lines: readonly string[], suspects: readonly string[]): void;
  activity(listenerId: number, workers: readonly WorkerActivity[]): void;
  counters(listenerId: number, sequence: number, deltas: readonly CounterDelta[]): void;
  /** It has said hello; its number is its name in metrics. */
  joined(listenerId: number, number: number): void;
  /** Its gauges, claims and activity are void. */
  gone(listenerId: number): void;
  traced(trace: RequestTrace): void;
  replaced(): void;
}

/** Demand and losses go to the supervisor, counts to the metrics. */
export function fleetEvents(
  supervisor: SupervisorPort,
  totals: MetricTotals,
  processMetrics: ProcessMetrics,
  traces: TraceKeeper,
): FleetEvents {
  const activity = new ActivityBook();
  return {
    needWorker: (applicationId) => supervisor.needWorker(applicationId),
    busy: (applicationId) => supervisor.busy(applicationId),
    served: (workerId) => supervisor.served(workerId),
    unreachable: (workerId, error) => supervisor.unreachable(workerId, error),
    lost: (workerId, lines, suspects) => supervisor.lost(workerId, lines, suspects),
    activity: (listenerId, workers) => {
      for (const one of activity.report(listenerId, workers)) {
        supervisor.activity(one.workerId, one.inFlight, one.requestsTotal, one.underWayMs);
      }
    },
    counters: (listenerId, sequence, deltas) => totals.apply(listenerId, sequence, deltas),
    joined: (listenerId, number) => totals.joinListener(listenerId, number),
    gone: (listenerId) => {
      totals.forgetListener(listenerId);
      activity.forget(listenerId);
    },
    traced: (trace) => traces.keep(trace),
    replaced: () => processMetrics.listenerReplaced(),
  };
}
