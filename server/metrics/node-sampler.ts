/**
 * Figures of every pool for charts: what happened since the sample before, from the counters that the listeners
 * send every second. Nothing is done while nobody asks for samples.
 */
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
}

/** What a look at a pool needs of it. */
export type SampledPool = Pick<PoolView, 'name' | 'workers' | 'restarts'>;

export interface FiguresOfAll {
  readonly node: Pick<Figures, 'rate' | 'errors' | 'p99Ms'>;
  /** A pool that is not here has no worker, had no request and never crashed. */
  readonly pools: ReadonlyMap<string, Figures>;
}

/** A percentile of one second of a quiet pool says little. */
const windowSamples = 10;

const bounds = listenerMetrics.httpRequestDuration.buckets;
const slots = bounds.length + 1;

/** Of one pool: what is counted now, what was at the sample before, and the durations of the last samples. */
class Book {
  /** The look that found it last. */
  look = 0;
  requests = 0;
  errors = 0;
  queue = 0;
  inFlight = 0;
  readonly durations = new Float64Array(slots);
  #requestsBefore = 0;
  #errorsBefore = 0;
  readonly #durationsBefore = new Float64Array(slots);
  /** Null where nothing was counted: idle pools cost no memory. */
  readonly #window: (Float64Array | null)[] = [];
  /** The sum of the window. */
  readonly recent = new Float64Array(slots);

  clear(): void {
    this.requests = 0;
    this.errors = 0;
    this.queue = 0;
    this.inFlight = 0;
    this.durations.fill(0);
  }

  /** What was counted so far is history. */
  settle(): void {
    this.#requestsBefore = this.requests;
    this.#errorsBefore = this.errors;
    this.#durationsBefore.set(this.durations);
  }

  /** Closes the sample at `place` of the window. */
  close(seconds: number, place: number): { readonly rate: number; readonly errors: number } {
    const since = this.#sinceBefore();
    const oldest = this.#window[place] ?? null;
    this.#window[place] = since;
    if (oldest !== null) addTo(this.recent, oldest, -1);
    if (since !== null) addTo(this.recent, since, 1);
    const rate = Math.max(0, this.requests - this.#requestsBefore) / seconds;
    const errors = Math.max(0, this.errors - this.#errorsBefore) / seconds;
    this.settle();
    return { rate, errors };
  }

  #sinceBefore(): Float64Array | null {
    let since: Float64Array | null = null;
    for (let slot = 0; slot < slots; slot += 1) {
      const more = (this.durations[slot] ?? 0) - (this.#durationsBefore[slot] ?? 0);
      if (more <= 0) continue;
      since ??= new Float64Array(slots);
      since[slot] = more;
    }
    return since;
  }
}

export class NodeSampler {
  readonly #totals: MetricTotals;
  readonly #books = new Map<string, Book>();
  #takenAtMs: number | null = null;
  #looks = 0;

  constructor(totals: MetricTotals) {
    this.#totals = totals;
  }

  /** The next sample counts from its own moment on: nobody asked for a while. */
  forget(): void {
    this.#books.clear();
    this.#takenAtMs = null;
  }

  take(monotonicMs: number, pools: readonly SampledPool[]): FiguresOfAll {
    // What a pool counted before anybody looked is history; a pool that is new counts from nothing.
    const isFirst = this.#takenAtMs === null;
    const seconds = Math.max(0.1, (monotonicMs - (this.#takenAtMs ?? monotonicMs)) / 1_000);
    this.#takenAtMs = monotonicMs;
    this.#looks += 1;
    this.#count();
    const figures = new Map<string, Figures>();
    const all = new Float64Array(slots);
    const node = { rate: 0, errors: 0 };
    for (const pool of pools) {
      const counted = this.#books.get(pool.name);
      if (counted === undefined && pool.workers.length === 0 && pool.restarts === 0) continue;
      const book = counted ?? this.#book(pool.name);
      if (isFirst) book.settle();
      const { rate, errors } = book.close(seconds, this.#looks % windowSamples);
      node.rate += rate;
      node.errors += errors;
      addTo(all, book.recent, 1);
      figures.set(pool.name, figuresOf(pool, book, rate, errors));
    }
    for (const [name, book] of this.#books) if (book.look !== this.#looks) this.#books.delete(name);
    return { node: { ...node, p99Ms: quantileMs(all, 0.99) }, pools: figures };
  }

  #book(pool: string): Book {
    const book = this.#books.get(pool) ?? new Book();
    if (book.look !== this.#looks) {
      book.clear();
      book.look = this.#looks;
      this.#books.set(pool, book);
    }
    return book;
  }

  /** Into the books, from what is counted of every pool so far. */
  #count(): void {
    const each = (definition: MetricDefinition, add: (to: Book, values: Float64Array, code: string) => void): void => {
      const poolAt = definition.labels.indexOf('pool');
      const codeAt = definition.labels.indexOf('code');
      for (const { labels, totals } of this.#totals.seriesOf(definition)) {
        add(this.#book(labels[poolAt] ?? ''), totals, labels[codeAt] ?? '');
      }
    };
    each(listenerMetrics.httpRequests, (to, [value = 0], code) => {
      to.requests += value;
      if (code === '5xx') to.errors += value;
    });
    each(listenerMetrics.httpRequestDuration, (to, values) => addTo(to.durations, values, 1));
    each(listenerMetrics.queueLength, (to, [value = 0]) => {
      to.queue += value;
    });
    each(listenerMetrics.httpRequestsInFlight, (to, [value = 0]) => {
      to.inFlight += value;
    });
  }
}

function figuresOf({ workers }: SampledPool, book: Book, rate: number, errors: number): Figures {
  const { queue, inFlight, recent } = book;
  return {
    rate,
    errors,
    p50Ms: quantileMs(recent, 0.5),
    p99Ms: quantileMs(recent, 0.99),
    queue,
    inFlight,
    loopDelayMs: loopDelayMs(workers),
    workers: workers.length,
  };
}

/** While no heartbeat comes it is how long one is overdue; a suspended worker is stopped on purpose. */
export function loopDelayOf({ heartbeat, state }: WorkerView): number | null {
  if (heartbeat === null || state === 'suspended') return null;
  return Math.round(Math.max(0, heartbeat.delayMs, heartbeat.ageMs - heartbeat.intervalMs));
}

function loopDelayMs(workers: readonly WorkerView[]): number | null {
  let worst: number | null = null;
  for (const worker of workers) {
    const delay = loopDelayOf(worker);
    if (delay !== null && (worst === null || delay > worst)) worst = delay;
  }
  return worst;
}

/** Of a histogram's values only the buckets: sum and count follow them. */
function addTo(to: Float64Array, values: Float64Array, sign: 1 | -1): void {
  for (let slot = 0; slot < slots; slot += 1) to[slot] = (to[slot] ?? 0) + sign * (values[slot] ?? 0);
}

/** Within its bucket a value is taken to lie evenly, as Prometheus' histogram_quantile does. null = nothing was counted. */
export function quantileMs(buckets: Float64Array, quantile: number): number | null {
  let count = 0;
  for (let slot = 0; slot < slots; slot += 1) count += buckets[slot] ?? 0;
  if (count === 0) return null;
  const rank = quantile * count;
  let before = 0;
  for (let slot = 0; slot < slots; slot += 1) {
    const value = buckets[slot] ?? 0;
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
