/** Pools and workers as metrics: counters from the supervisor's events, gauges from its view at each scrape. */
import { poolsMeasuredPerTurn } from '../../config/base/metrics-limits.js';
import type { Runtimes } from '../../pools/runtimes/create-runtimes.js';
import type { PoolState, PoolView, ReceiptView, SupervisorEvents, WorkerState } from '../../pools/supervisor/ports.js';
import { primaryMetrics } from '../metrics/primary-definitions.js';
import type { MetricTotals } from '../metrics/fold.js';

const poolStates: readonly PoolState[] = ['Starting', 'Started', 'Stopping', 'Stopped'];
const workerStates: readonly WorkerState[] = ['starting', 'running', 'suspended', 'draining', 'stopping'];

export function countingEvents(totals: MetricTotals, tell: (receipt: ReceiptView) => void): SupervisorEvents {
  return {
    workerStarted: (pool, _applicationId, startMs) => {
      totals.add(primaryMetrics.workerStarts, [pool]);
      totals.observe(primaryMetrics.workerStartDuration, [pool], startMs / 1000);
    },
    workerExited: (pool, _applicationId, reason) => totals.add(primaryMetrics.workerExits, [pool, reason]),
    recycled: (pool, reason) => totals.add(primaryMetrics.poolRecycles, [pool, reason]),
    receipt: (pool, receipt) => {
      countReceipt(totals, pool, receipt);
      tell(receipt);
    },
    rapidFail: (pool) => totals.add(primaryMetrics.poolRapidFail, [pool]),
    changed: () => undefined,
  };
}

function countReceipt(totals: MetricTotals, pool: string, { kind, outcome, durationMs, requests }: ReceiptView): void {
  totals.add(primaryMetrics.receipts, [pool, kind, outcome]);
  totals.observe(primaryMetrics.receiptDuration, [pool, kind], durationMs / 1_000);
  const { drained, late, retried, cut, socketsNoticed } = requests;
  const results = { drained, late, retried, cut, noticed: socketsNoticed };
  for (const [result, count] of Object.entries(results)) {
    totals.add(primaryMetrics.receiptRequests, [pool, kind, result], count);
  }
}

const families = [
  primaryMetrics.poolState,
  primaryMetrics.poolWorkers,
  primaryMetrics.poolStalled,
  primaryMetrics.applications,
  primaryMetrics.queueLimit,
];

export interface PoolFacts {
  /** Runtimes' own. */
  readonly stalled: Runtimes['stalled'];
  /** 0 = there is no such pool. */
  queueLimit(pool: string): number;
}

/** `pools`: only those that something happened to, so that a thousand idle ones cost no series. */
export async function setPoolGauges(
  totals: MetricTotals,
  pools: readonly PoolView[],
  facts: PoolFacts,
  nextTurn: () => Promise<void>,
): Promise<void> {
  totals.refill(families);
  for (const [index, pool] of pools.entries()) {
    setPool(totals, pool, facts);
    if (index % poolsMeasuredPerTurn === poolsMeasuredPerTurn - 1) await nextTurn();
  }
  totals.refilled(families);
}

function setPool(totals: MetricTotals, pool: PoolView, facts: PoolFacts): void {
  for (const state of poolStates) {
    totals.set(primaryMetrics.poolState, [pool.name, state], pool.state === state ? 1 : 0);
  }
  for (const state of workerStates) {
    const count = pool.workers.filter((worker) => worker.state === state).length;
    totals.set(primaryMetrics.poolWorkers, [pool.name, state], count);
  }
  const states = new Map<string, number>();
  for (const { state } of pool.applications) states.set(state, (states.get(state) ?? 0) + 1);
  for (const [state, count] of states) totals.set(primaryMetrics.applications, [pool.name, state], count);
  for (const [resource, us] of facts.stalled(pool.name)) {
    totals.set(primaryMetrics.poolStalled, [pool.name, resource], us / 1_000_000);
  }
  const limit = facts.queueLimit(pool.name);
  if (limit > 0) totals.set(primaryMetrics.queueLimit, [pool.name], limit);
}

/** Those that have had a request, a worker, an end or a stop. */
export function busyPools(totals: MetricTotals, pools: readonly PoolView[]): PoolView[] {
  const requested = totals.poolsWithRequests();
  return pools.filter((pool) => requested.has(pool.name) || hasHistory(pool));
}

function hasHistory(pool: PoolView): boolean {
  return pool.workers.length > 0 || pool.obituaries.length > 0 || pool.restarts > 0 || pool.stoppedReason !== '';
}
