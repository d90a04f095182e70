/**
 * Figures of every pool for charts: what happened since the sample before, from the counters that the listeners
 * send every second. Nothing is done while nobody asks for samples.
 */
import { heartbeatIntervalMs } from '../../config/base/limits.js';
import type { PoolView, WorkerView } from '../../pools/supervisor/ports.js';
import { listenerMetrics, type MetricDefinition } from './definitions.js';
import type { MetricTotals } from './fold.js';

export interface Figures {
  /** Requests and answers with 5xx a second. */
  readonly rate: number;
  readonly errors: number;
  /** Of the requests of the last `windowSamples` samples; null = there were none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly queue: number;
  readonly inFlight: number;
  /** The worst of the in-process workers; null = no worker tells. */
  readonly loopDelayMs: number | null;
  readonly workers: number;
  /** Crashes so far. */
  readonly restarts: number;
}

export interface NodeSample {
  readonly atMs: number;
  readonly node: Figures;
  /** A pool that is not here has no worker and had no request. */
  readonly pools: Readonly<Record<string, Figures>>;
}

/** A percentile of one second of a quiet pool says little. */
const windowSamples = 10;

/** Counters of one pool: the totals of before, and the durations of the samples in the window. */
interface Book {
  requests: number;
  errors: number;
  durations: Float64Array;
  readonly window: Float64Array[];
}

interface Counts {
  requests: number;
  errors: number;
  queue: number;
  inFlight: number;
  readonly durations: Float64Array;
}

const bounds = listenerMetrics.httpRequestDuration.buckets;
const slots = bounds.length + 1;

export class NodeSampler {
  readonly #totals: MetricTotals;
  readonly #books = new Map<string, Book>();
  #takenAtMs: number | null = null;

  constructor(totals: MetricTotals) {
    this.#totals = totals;
  }

  /** The next sample counts from its own moment on: nobody asked for a while. */
  forget(): void {
    this.#books.clear();
    this.#takenAtMs = null;
  }

  take(monotonicMs: number, wallMs: number, pools: readonly PoolView[]): NodeSample {
    const seconds = this.#takenAtMs === null ? 0 : Math.max(0.1, (monotonicMs - this.#takenAtMs) / 1_000);
    this.#takenAtMs = monotonicMs;
    const counts = this.#counts();
    const figures: Record<string, Figures> = {};
    const window = new Float64Array(slots);
    for (const pool of pools) {
      const own = counts.get(pool.name);
      if (own === undefined && pool.workers.length === 0 && pool.restarts === 0) continue;
      figures[pool.name] = this.#figures(pool, own ?? emptyCounts(), seconds, window);
    }
    for (const name of this.#books.keys()) if (!(name in figures)) this.#books.delete(name);
    return { atMs: wallMs, node: sum(Object.values(figures), window), pools: figures };
  }

  #counts(): ReadonlyMap<string, Counts> {
    const counts = new Map<string, Counts>();
    const each = (
      definition: MetricDefinition,
      add: (to: Counts, values: Float64Array, code: string) => void,
    ): void => {
      const poolAt = definition.labels.indexOf('pool');
      const codeAt = definition.labels.indexOf('code');
      for (const { labels, totals } of this.#totals.seriesOf(definition)) {
        const pool = labels[poolAt] ?? '';
        const to = counts.get(pool) ?? emptyCounts();
        counts.set(pool, to);
        add(to, totals, labels[codeAt] ?? '');
      }
    };
    each(listenerMetrics.httpRequests, (to, [value = 0], code) => {
      to.requests += value;
      if (code === '5xx') to.errors += value;
    });
    each(listenerMetrics.httpRequestDuration, (to, values) => addTo(to.durations, values));
    each(listenerMetrics.queueLength, (to, [value = 0]) => {
      to.queue += value;
    });
    each(listenerMetrics.httpRequestsInFlight, (to, [value = 0]) => {
      to.inFlight += value;
    });
    return counts;
  }

  #figures(pool: PoolView, counts: Counts, seconds: number, all: Float64Array): Figures {
    const { requests, errors, durations, queue, inFlight } = counts;
    // What a pool counted before anybody looked is history; a pool that is new counts from nothing.
    const start = seconds === 0 ? counts : emptyCounts();
    const book = this.#books.get(pool.name) ?? { ...start, window: [] };
    const since = durations.map((value, slot) => Math.max(0, value - (book.durations[slot] ?? 0)));
    const perSecond = (now: number, before: number): number =>
      seconds === 0 ? 0 : Math.max(0, now - before) / seconds;
    const figures = { rate: perSecond(requests, book.requests), errors: perSecond(errors, book.errors) };
    const window = [...book.window.slice(1 - windowSamples), since];
    this.#books.set(pool.name, { requests, errors, durations, window });
    const recent = new Float64Array(slots);
    for (const one of window) addTo(recent, one);
    addTo(all, recent);
    return {
      ...figures,
      p50Ms: quantileMs(recent, 0.5),
      p99Ms: quantileMs(recent, 0.99),
      queue,
      inFlight,
      loopDelayMs: loopDelayMs(pool),
      workers: pool.workers.length,
      restarts: pool.restarts,
    };
  }
}

/** While no heartbeat comes it is how long one is overdue; a suspended worker is stopped on purpose. */
export function loopDelayOf({ heartbeat, state }: WorkerView): number | null {
  if (heartbeat === null || state === 'suspended') return null;
  return Math.round(Math.max(0, heartbeat.delayMs, heartbeat.ageMs - heartbeatIntervalMs));
}

function loopDelayMs({ workers }: PoolView): number | null {
  const delays = workers.map(loopDelayOf).filter((delay) => delay !== null);
  return delays.length === 0 ? null : Math.max(...delays);
}

function emptyCounts(): Counts {
  return { requests: 0, errors: 0, queue: 0, inFlight: 0, durations: new Float64Array(slots) };
}

/** Of a histogram's values only the buckets: sum and count follow them. */
function addTo(to: Float64Array, values: Float64Array): void {
  for (let slot = 0; slot < slots; slot += 1) to[slot] = (to[slot] ?? 0) + (values[slot] ?? 0);
}

/** Within its bucket a value is taken to lie evenly, as Prometheus' histogram_quantile does. null = nothing was counted. */
export function quantileMs(buckets: Float64Array, quantile: number): number | null {
  const count = buckets.reduce((total, value) => total + value, 0);
  if (count === 0) return null;
  const rank = quantile * count;
  let before = 0;
  for (const [slot, value] of buckets.entries()) {
    if (value > 0 && before + value >= rank) {
      const low = slot === 0 ? 0 : (bounds[slot - 1] ?? 0);
      // Beyond the last bound nothing is known but that it was longer.
      const high = bounds[slot] ?? low;
      return (low + (high - low) * ((rank - before) / value)) * 1_000;
    }
    before += value;
  }
  return (bounds.at(-1) ?? 0) * 1_000;
}

function sum(all: readonly Figures[], window: Float64Array): Figures {
  const total = (of: (one: Figures) => number): number => all.reduce((so, one) => so + of(one), 0);
  const delays = all.flatMap(({ loopDelayMs: delay }) => (delay === null ? [] : [delay]));
  return {
    rate: total((one) => one.rate),
    errors: total((one) => one.errors),
    p50Ms: quantileMs(window, 0.5),
    p99Ms: quantileMs(window, 0.99),
    queue: total((one) => one.queue),
    inFlight: total((one) => one.inFlight),
    loopDelayMs: delays.length === 0 ? null : Math.max(...delays),
    workers: total((one) => one.workers),
    restarts: total((one) => one.restarts),
  };
}
