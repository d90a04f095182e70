/**
 * Metrics that in-process applications publish, told apart by the label `pool` and written by our own encoder: what a tenant
 * says is data here, never text. Counters and histograms of several workers are added up by their increases, so that the
 * end of a worker takes nothing away and a counter that begins again is not counted twice; gauges are joined as
 * the application said. Names of Sluice, of its process and of recording rules cannot be taken. A name has one type in a
 * pool; where pools differ all of them are shown, without a type: what one says takes nothing from another.
 */
import {
  metricPieceChars,
  publishedAgeMaxMs,
  publishedSeriesDefault,
  publishedSeriesTotalMax,
} from '../../config/base/metrics-limits.js';
import type {
  PublishedFamily,
  PublishedReport,
  PublishedSample,
  PublishedType,
} from '../../pools/protocol/published-metrics.js';
import {
  groupsOf,
  type PoolBook,
  type PoolFamily,
  type PublishedSeries,
  type RefusedReason,
  type Shown,
  suffixes,
  type Value,
} from './published-text.js';
import { escapeLabel, seriesSeparator } from './series.js';

/** The server's own, those of its process, and those that a Prometheus makes itself: its rules have a colon in their names. */
const reserved = /:|^(?:sluice_|windows_|process_|nodejs_|scrape_|prometheus_|up$|ALERTS)/;

export class PublishedMetrics {
  /** Of one pool; 0 = nothing is taken. */
  seriesMax = publishedSeriesDefault;
  readonly #pools = new Map<string, PoolBook>();
  #series = 0;
  #reports = 0;

  /** The newest report of a worker; null = it has ended. `nowMs` is monotonic. */
  take(pool: string, workerId: number, report: PublishedReport | null, nowMs: number): void {
    if (report === null) return this.#gone(pool, workerId);
    if (this.seriesMax === 0) return;
    const book = this.#bookOf(pool);
    book.reportedMs.set(workerId, nowMs);
    this.#reports += 1;
    refuse(book, 'malformed', report.malformed);
    refuse(book, 'too-large', report.left);
    for (const family of report.families) this.#takeFamily(pool, book, family, workerId, nowMs);
    this.#forgetGauges(book, workerId, this.#reports);
  }

  /** The worker has ended: its counts stay, its gauges go. */
  #gone(pool: string, workerId: number): void {
    const book = this.#pools.get(pool);
    if (book === undefined || !book.reportedMs.delete(workerId)) return;
    this.#forgetGauges(book, workerId, Infinity);
    for (const { series } of book.families.values()) for (const one of series.values()) one.workers.delete(workerId);
  }

  /** The pools of the configuration that serves. */
  configure(pools: readonly string[]): void {
    const wanted = new Set(pools);
    for (const [name, book] of this.#pools) {
      if (wanted.has(name)) continue;
      this.#series -= book.series;
      this.#pools.delete(name);
    }
  }

  /** What there is of each pool: series, what was refused so far, and the age of the oldest report. */
  *facts(nowMs: number): Generator<{
    readonly pool: string;
    readonly series: number;
    readonly refused: ReadonlyMap<RefusedReason, number>;
    readonly ageMs: number;
  }> {
    for (const [pool, { series, refused, reportedMs }] of this.#pools) {
      yield { pool, series, refused, ageMs: nowMs - Math.min(nowMs, ...reportedMs.values()) };
    }
  }

  /** In pieces of bounded work. The gauges of a worker that has been silent for too long are left out. */
  *encode(nowMs: number): Generator<string> {
    let text = '';
    for (const { header, lines } of groupsOf(this.#byName(), nowMs)) {
      let before = header;
      for (const line of lines) {
        text += `${before}${line}\n`;
        before = '';
        if (text.length < metricPieceChars) continue;
        yield text;
        text = '';
      }
    }
    yield text;
  }

  #bookOf(pool: string): PoolBook {
    const known = this.#pools.get(pool);
    if (known !== undefined) return known;
    const book: PoolBook = { families: new Map(), reportedMs: new Map(), refused: new Map(), series: 0 };
    this.#pools.set(pool, book);
    return book;
  }

  #takeFamily(pool: string, book: PoolBook, given: PublishedFamily, workerId: number, nowMs: number): void {
    if (given.aggregator === 'omit') return;
    if (suffixes[given.type].some((suffix) => reserved.test(`${given.name}${suffix}`)))
      return refuse(book, 'reserved-name');
    let family = book.families.get(given.name);
    if (family === undefined) {
      if (!isFree(book, given)) return refuse(book, 'type-conflict');
      family = { type: given.type, aggregator: given.aggregator, help: given.help, series: new Map() };
      book.families.set(given.name, family);
    }
    if (family.type !== given.type) return refuse(book, 'type-conflict');
    for (const sample of given.samples) {
      const series = this.#seriesOf(pool, book, given.name, family, sample, nowMs);
      if (series === null) refuse(book, 'too-many-series');
      else this.#set(series, family.type, workerId, sample.value);
    }
  }

  #set(series: PublishedSeries, type: PublishedType, workerId: number, value: number): void {
    const before = series.workers.get(workerId)?.value ?? 0;
    // A counter that is less than it was has begun again.
    if (type !== 'gauge') series.total += value >= before ? value - before : value;
    series.workers.set(workerId, { value, report: this.#reports });
  }

  #seriesOf(
    pool: string,
    book: PoolBook,
    name: string,
    family: PoolFamily,
    sample: PublishedSample,
    nowMs: number,
  ): PublishedSeries | null {
    const key = [sample.suffix, ...sample.labels.flat()].join(seriesSeparator);
    const known = family.series.get(key);
    if (known !== undefined) {
      known.seenMs = nowMs;
      return known;
    }
    if (book.series >= this.seriesMax) this.#dropUnseen(book, nowMs);
    if (book.series >= this.seriesMax || this.#series >= publishedSeriesTotalMax) return null;
    const made = { prefix: prefixOf(pool, name, sample), total: 0, workers: new Map<number, Value>(), seenMs: nowMs };
    family.series.set(key, made);
    // Making room may have dropped the family.
    book.families.set(name, family);
    book.series += 1;
    this.#series += 1;
    return made;
  }

  /** Those that nobody reports any more make room. */
  #dropUnseen(book: PoolBook, nowMs: number): void {
    this.#drop(book, ({ seenMs }) => nowMs - seenMs > publishedAgeMaxMs);
  }

  #drop(book: PoolBook, isGone: (series: PublishedSeries, type: PublishedType) => boolean): void {
    for (const [name, { type, series }] of book.families) {
      for (const [key, one] of series) {
        if (!isGone(one, type)) continue;
        series.delete(key);
        book.series -= 1;
        this.#series -= 1;
      }
      if (series.size === 0) book.families.delete(name);
    }
  }

  /** A gauge that is not in the worker's newest report is not there any more. */
  #forgetGauges(book: PoolBook, workerId: number, report: number): void {
    for (const { type, series } of book.families.values()) {
      if (type !== 'gauge') continue;
      for (const { workers } of series.values()) {
        if ((workers.get(workerId)?.report ?? report) < report) workers.delete(workerId);
      }
    }
    this.#drop(book, ({ workers }, type) => type === 'gauge' && workers.size === 0);
  }

  #byName(): Map<string, Shown[]> {
    const found = new Map<string, Shown[]>();
    for (const book of this.#pools.values()) {
      for (const [name, family] of book.families) {
        const known = found.get(name);
        if (known === undefined) found.set(name, [{ book, family }]);
        else known.push({ book, family });
      }
    }
    return found;
  }
}

/** The pool has no other family of the name, or of one that is made of it: two lines for one series would be wrong. */
function isFree({ families }: PoolBook, { name, type }: PublishedFamily): boolean {
  const mine = new Set(suffixes[type].map((suffix) => `${name}${suffix}`));
  for (const [other, family] of families) {
    if (suffixes[family.type].some((suffix) => mine.has(`${other}${suffix}`))) return false;
  }
  return true;
}

function prefixOf(pool: string, name: string, { suffix, labels }: PublishedSample): string {
  const own = labels.map(([label, value]) => `,${label}="${escapeLabel(value)}"`).join('');
  return `${name}${suffix}{pool="${escapeLabel(pool)}"${own}} `;
}

function refuse(book: PoolBook, reason: RefusedReason, count = 1): void {
  if (count > 0) book.refused.set(reason, (book.refused.get(reason) ?? 0) + count);
}
