/**
 * The numbers of the pools, once a second, for whoever looks at a dashboard; nobody looks: nothing is measured. Told are
 * those that have changed, and all of them whenever somebody new has come.
 */
import { freemem, loadavg, totalmem } from 'node:os';
import { sampleIntervalMs } from '../../config/base/admin-limits.js';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { readStat } from '../../pools/runtimes/proc.js';
import type { PoolView, SupervisorPort } from '../../pools/supervisor/ports.js';
import type { PoolSample } from '../admin/events/event.js';
import type { EventHub } from '../admin/events/hub.js';
import { listenerMetrics } from '../metrics/definitions.js';
import type { MetricTotals } from '../metrics/fold.js';
import { type Figures, NodeSampler } from '../metrics/node-sampler.js';

export interface SampleParts {
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly supervisor: Pick<SupervisorPort, 'view'>;
  readonly totals: MetricTotals;
  isReady(): boolean;
}

interface Look {
  readonly atMs: number;
  readonly primaryCpuUs: number;
}

/** What has to be read from /proc, process by process: every so many samples, and shown until the next time. */
const samplesPerMeasure = 5;

interface Measures {
  readonly atMs: number;
  readonly cpuPercent: ReadonlyMap<string, number>;
  readonly memoryBytes: ReadonlyMap<string, number>;
}

export class SampleFeed {
  readonly #parts: SampleParts;
  readonly #figures: NodeSampler;
  #before: Look | null = null;
  /** CPU time of each worker when it was looked at last. */
  #cpuUs = new Map<number, number>();
  #measures: Measures = { atMs: 0, cpuPercent: new Map(), memoryBytes: new Map() };
  #samples = 0;
  /** What was told last of each pool; of those that are not here nothing, or that they do nothing. */
  #told = new Map<string, PoolSample>();
  /** Of those who listen, as it was at the last sample. */
  #joined = 0;
  #cancel: CancelTimer = () => undefined;

  constructor(parts: SampleParts) {
    this.#parts = parts;
    this.#figures = new NodeSampler(parts.totals);
    parts.hub.audience = (listens) => (listens ? this.#begin() : this.close());
  }

  close(): void {
    this.#cancel();
    this.#before = null;
    this.#cpuUs.clear();
    this.#told.clear();
    this.#figures.forget();
  }

  #begin(): void {
    const { clock, supervisor } = this.#parts;
    const views = supervisor.view();
    this.#before = { atMs: clock.monotonicMs(), primaryCpuUs: ownCpuUs() };
    this.#figures.take(clock.monotonicMs(), views);
    this.#measures = { atMs: clock.monotonicMs(), cpuPercent: new Map(), memoryBytes: memoryOf(views) };
    this.#readCpu(views);
    this.#samples = 0;
    this.#arm();
  }

  #arm(): void {
    this.#cancel = this.#parts.clock.setTimer(sampleIntervalMs, () => {
      this.#arm();
      this.#sample();
    });
  }

  #sample(): void {
    const before = this.#before;
    if (before === null) return;
    const { clock, hub, supervisor, totals } = this.#parts;
    const atMs = clock.monotonicMs();
    const elapsedMs = Math.max(1, atMs - before.atMs);
    const isMeasured = ++this.#samples % samplesPerMeasure === 0;
    const views = supervisor.view(isMeasured);
    if (isMeasured) this.#measure(atMs, views);
    const { node, pools: figures } = this.#figures.take(atMs, views);
    const primaryCpuUs = ownCpuUs();
    const isWhole = hub.joined !== this.#joined || this.#hasLost(views);
    this.#joined = hub.joined;
    if (isWhole) this.#told.clear();
    hub.publishSample({
      kind: 'sample',
      atMs: clock.wallMs(),
      node: {
        ready: this.#parts.isReady(),
        requestsPerSecond: rounded(node.rate),
        errorsPerSecond: rounded(node.errors),
        p99Ms: rounded(node.p99Ms ?? 0),
        connections: [...totals.seriesOf(listenerMetrics.connections)].reduce(
          (all, { totals: [count = 0] }) => all + count,
          0,
        ),
        primaryCpuPercent: rounded((primaryCpuUs - before.primaryCpuUs) / elapsedMs / 10),
        primaryMemoryBytes: process.memoryUsage.rss(),
        loadAverage: loadavg()[0] ?? 0,
        memoryFreeBytes: freemem(),
        memoryTotalBytes: totalmem(),
      },
      whole: isWhole,
      pools: this.#changed(views, figures),
    });
    this.#before = { atMs, primaryCpuUs };
  }

  /** A pool that was told of is in the configuration no more. */
  #hasLost(views: readonly PoolView[]): boolean {
    const names = new Set(views.map(({ name }) => name));
    return [...this.#told.keys()].some((name) => !names.has(name));
  }

  /** A pool that has begun to do nothing is told once more. */
  #changed(views: readonly PoolView[], figures: ReadonlyMap<string, Figures>): PoolSample[] {
    const changed: PoolSample[] = [];
    for (const view of views) {
      const { name } = view;
      const told = this.#told.get(name);
      const isWorthTelling = doesSomething(view, figures.get(name));
      if (told === undefined && !isWorthTelling) continue;
      const now = poolSample(view, figures.get(name) ?? noFigures, this.#measures);
      if (isWorthTelling) this.#told.set(name, now);
      else this.#told.delete(name);
      if (told === undefined || !isSame(told, now)) changed.push(now);
    }
    return changed;
  }

  #measure(atMs: number, views: readonly PoolView[]): void {
    const elapsedMs = Math.max(1, atMs - this.#measures.atMs);
    const used = [...this.#readCpu(views)].map(([pool, cpuUs]) => [pool, cpuUs / elapsedMs / 10] as const);
    this.#measures = { atMs, cpuPercent: new Map(used), memoryBytes: memoryOf(views) };
  }

  /** CPU time that each pool's workers used since the last look, their children not counted. */
  #readCpu(views: readonly PoolView[]): ReadonlyMap<string, number> {
    const used = new Map<string, number>();
    const seen = new Map<number, number>();
    for (const { name, workers } of views) {
      for (const { workerId, pid } of workers) {
        const cpuUs = pid > 0 ? (readStat(pid)?.cpuUs ?? 0) : 0;
        seen.set(workerId, cpuUs);
        used.set(name, (used.get(name) ?? 0) + Math.max(0, cpuUs - (this.#cpuUs.get(workerId) ?? cpuUs)));
      }
    }
    this.#cpuUs = seen;
    return used;
  }
}

function memoryOf(views: readonly PoolView[]): ReadonlyMap<string, number> {
  const sum = ({ workers }: PoolView): number => workers.reduce((all, { rssBytes }) => all + rssBytes, 0);
  return new Map(views.filter(({ workers }) => workers.length > 0).map((view) => [view.name, sum(view)]));
}

const members: readonly (keyof PoolSample)[] = [
  ...(['state', 'workers', 'inFlight', 'queue', 'requestsPerSecond', 'errorsPerSecond', 'p50Ms', 'p99Ms'] as const),
  ...(['memoryBytes', 'cpuPercent', 'loopDelayMs'] as const),
];

const noFigures: Figures = {
  rate: 0,
  errors: 0,
  p50Ms: null,
  p99Ms: null,
  queue: 0,
  inFlight: 0,
  loopDelayMs: null,
  workers: 0,
};

function doesSomething({ stoppedReason }: PoolView, figures: Figures = noFigures): boolean {
  const { rate, queue, workers } = figures;
  return workers > 0 || rate > 0 || queue > 0 || stoppedReason !== '';
}

function isSame(one: PoolSample, other: PoolSample): boolean {
  return members.every((member) => one[member] === other[member]);
}

function poolSample(view: PoolView, figures: Figures, measures: Measures): PoolSample {
  const { rate, errors, p50Ms, p99Ms, queue, inFlight, workers, loopDelayMs } = figures;
  return {
    name: view.name,
    state: view.state,
    workers,
    inFlight,
    queue,
    requestsPerSecond: rounded(rate),
    errorsPerSecond: rounded(errors),
    p50Ms: rounded(p50Ms ?? 0),
    p99Ms: rounded(p99Ms ?? 0),
    memoryBytes: workers === 0 ? 0 : (measures.memoryBytes.get(view.name) ?? 0),
    cpuPercent: rounded(measures.cpuPercent.get(view.name) ?? 0),
    loopDelayMs,
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
