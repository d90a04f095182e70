/**
 * Workers and listeners as processes: what the kernel says of each, read from /proc by the primary at each
 * scrape, and what in-process workers said of themselves last. Nobody is asked, so nobody is waited for.
 */
import { readdirSync, statSync } from 'node:fs';
import { workersMeasuredPerTurn } from '../../config/base/metrics-limits.js';
import { readStat } from '../../pools/runtimes/proc.js';
import type { PoolView, WorkerState, WorkerView } from '../../pools/supervisor/ports.js';
import { residentBytes } from '../../pools/supervisor/resident-memory.js';
import type { MetricDefinition } from '../metrics/definitions.js';
import type { MetricTotals } from '../metrics/fold.js';
import { loopDelayOf } from '../metrics/node-sampler.js';
import { primaryMetrics as metrics } from '../metrics/primary-definitions.js';

const workerFamilies: readonly MetricDefinition[] = [
  metrics.workerInfo,
  metrics.workerStartTime,
  metrics.workerResidentMemory,
  metrics.workerCpu,
  metrics.workerOpenFds,
  metrics.workerEventLoopLag,
  metrics.workerEventLoopUtilization,
  metrics.workerHeapUsed,
];
const listenerFamilies: readonly MetricDefinition[] = [
  metrics.listenerResidentMemory,
  metrics.listenerCpu,
  metrics.listenerOpenFds,
];

/** While one worker replaces another both have the slot: the one that serves is shown. */
const byPreference: readonly WorkerState[] = ['stopping', 'draining', 'starting', 'suspended', 'running'];

interface Families {
  readonly resident: MetricDefinition;
  readonly cpu: MetricDefinition;
  readonly openFds: MetricDefinition;
}

export async function setWorkerGauges(
  totals: MetricTotals,
  pools: readonly PoolView[],
  nextTurn: () => Promise<void>,
): Promise<void> {
  totals.refill(workerFamilies);
  let measured = 0;
  for (const pool of pools) {
    for (const [labels, worker] of shownWorkers(pool)) {
      setWorker(totals, labels, worker);
      measured += 1;
      if (measured % workersMeasuredPerTurn === 0) await nextTurn();
    }
  }
  totals.refilled(workerFamilies);
}

export function setListenerGauges(
  totals: MetricTotals,
  listeners: readonly { readonly number: number; readonly pid: number }[],
): void {
  totals.refill(listenerFamilies);
  const of = { resident: metrics.listenerResidentMemory, cpu: metrics.listenerCpu, openFds: metrics.listenerOpenFds };
  for (const { number, pid } of listeners) setProcess(totals, of, [String(number)], pid);
  totals.refilled(listenerFamilies);
}

type Shown = readonly [labels: readonly string[], worker: WorkerView];

function shownWorkers(pool: PoolView): Shown[] {
  const slots = new Map<string, Shown>();
  for (const worker of pool.workers) {
    if (worker.pid <= 0) continue;
    const labels = [pool.name, worker.applicationId, String(worker.slot)];
    const other = slots.get(labels.join('\0'))?.[1];
    if (other === undefined || isPreferred(worker, other)) slots.set(labels.join('\0'), [labels, worker]);
  }
  return [...slots.values()];
}

function isPreferred(one: WorkerView, other: WorkerView): boolean {
  const difference = byPreference.indexOf(one.state) - byPreference.indexOf(other.state);
  return difference > 0 || (difference === 0 && one.generation > other.generation);
}

function setWorker(totals: MetricTotals, labels: readonly string[], worker: WorkerView): void {
  const { pid, generation, hostingModel, node, heartbeat } = worker;
  totals.set(metrics.workerInfo, [...labels, String(pid), String(generation), hostingModel, node], 1);
  totals.set(metrics.workerStartTime, labels, worker.startedAtMs / 1_000);
  const of = { resident: metrics.workerResidentMemory, cpu: metrics.workerCpu, openFds: metrics.workerOpenFds };
  setProcess(totals, of, labels, pid);
  const delayMs = loopDelayOf(worker);
  if (heartbeat === null || delayMs === null) return;
  totals.set(metrics.workerEventLoopLag, labels, delayMs / 1_000);
  totals.set(metrics.workerEventLoopUtilization, labels, heartbeat.utilization);
  totals.set(metrics.workerHeapUsed, labels, heartbeat.heapUsedBytes);
}

function setProcess(totals: MetricTotals, of: Families, labels: readonly string[], pid: number): void {
  const stat = readStat(pid);
  if (stat === null) return;
  totals.set(of.cpu, labels, stat.cpuUs / 1_000_000);
  totals.set(of.resident, labels, residentBytes(pid));
  const open = openDescriptors(pid);
  if (open !== null) totals.set(of.openFds, labels, open);
}

/** null: the process is gone, or another user's while we are not root. */
function openDescriptors(pid: number): number | null {
  const folder = `/proc/${pid}/fd`;
  try {
    // Since Linux 6.2 the size is their number; before it is 0.
    return statSync(folder).size || readdirSync(folder).length;
  } catch {
    return null;
  }
}
