/**
 * Totals of every series, fed by listeners and by the primary itself. Listeners send deltas with a
 * sequence number, each applied exactly once, so a counter here outlives every process that counted.
 * Gauges are kept per listener and vanish with it. Series of a removed pool or site are shown once more
 * and then dropped, so that the last requests are not lost.
 */
import { metricPieceChars, metricSeriesMaxDefault } from '../../config/base/metrics-limits.js';
import type { CounterDelta } from '../../pools/protocol/counters.js';
import { listenerMetrics, type MetricDefinition } from './definitions.js';
import { primaryMetrics } from './primary-definitions.js';
import { encodeSeries, Family, LineBudget, type Series, seriesSeparator, valueCount } from './series.js';

/** The source of gauges that the primary sets itself. */
const ownSource = -1;

export class MetricTotals {
  readonly #families = new Map<string, Family>();
  readonly #budget: LineBudget;
  /** Listener -> the sequence number applied last. */
  readonly #sequences = new Map<number, number>();
  /** Listener -> the number it has in the label `listener`. */
  readonly #listeners = new Map<number, string>();
  /** Names in the configuration; null = not told yet, everything is kept. */
  #pools: ReadonlySet<string> | null = null;
  #sites: ReadonlySet<string> | null = null;
  /** Metric -> updates that no series was made for. */
  readonly #dropped = new Map<string, number>();
  /** Deltas that fitted no definition: a mistake of ours, shown by a test. */
  ignored = 0;

  constructor(
    definitions: readonly MetricDefinition[] = [...Object.values(listenerMetrics), ...Object.values(primaryMetrics)],
    seriesMax = metricSeriesMaxDefault,
  ) {
    this.#budget = new LineBudget(seriesMax);
    for (const definition of definitions) {
      this.#families.set(definition.name, new Family(definition, this.#budget));
    }
  }

  /** Lines with a value that are kept, and what was dropped because there were too many, by metric. */
  get lines(): number {
    return this.#budget.used;
  }

  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped;
  }

  set seriesMax(max: number) {
    this.#budget.max = max;
  }

  /** The pools and sites of the configuration that serves. */
  configure(pools: readonly string[], sites: readonly string[]): void {
    this.#pools = new Set(pools);
    this.#sites = new Set(sites);
  }

  /** A listener that has just said hello; `number` is free again when it is gone. */
  joinListener(listenerId: number, number: number): void {
    this.#listeners.set(listenerId, String(number));
  }

  /** Deltas of one listener; a sequence number that was applied before is ignored. */
  apply(listenerId: number, sequence: number, deltas: readonly CounterDelta[]): void {
    if (sequence <= (this.#sequences.get(listenerId) ?? 0)) return;
    this.#sequences.set(listenerId, sequence);
    for (const delta of deltas) this.#applyDelta(listenerId, delta);
  }

  /** The listener is gone: its gauges are void, its counts stay. */
  forgetListener(listenerId: number): void {
    this.#sequences.delete(listenerId);
    this.#listeners.delete(listenerId);
    for (const family of this.#families.values()) {
      if (family.definition.kind !== 'gauge') continue;
      for (const series of family.series.values()) {
        if (series.bySource.delete(listenerId)) sumSources(series);
      }
      if (family.definition.isPerListener === true) family.dropWhere((series) => series.bySource.size === 0);
    }
  }

  add(definition: MetricDefinition, labels: readonly string[], by = 1): void {
    const series = this.#series(definition, labels);
    if (series !== null) increase(series.totals, 0, by);
  }

  set(definition: MetricDefinition, labels: readonly string[], value: number): void {
    const series = this.#series(definition, labels);
    if (series === null) return;
    series.bySource.set(ownSource, value);
    series.round = this.#family(definition).round;
    sumSources(series);
  }

  observe(definition: MetricDefinition, labels: readonly string[], value: number): void {
    const series = this.#series(definition, labels);
    if (series === null) return;
    const bounds = definition.buckets ?? [];
    const found = bounds.findIndex((bound) => value <= bound);
    const { totals } = series;
    increase(totals, found === -1 ? bounds.length : found, 1);
    increase(totals, totals.length - 2, value);
    increase(totals, totals.length - 1, 1);
  }

  /** Begins to fill families anew from the present state: what is not `set` until `refilled` is dropped then. */
  refill(definitions: readonly MetricDefinition[]): void {
    for (const definition of definitions) this.#family(definition).round += 1;
  }

  refilled(definitions: readonly MetricDefinition[]): void {
    for (const definition of definitions) {
      const family = this.#family(definition);
      family.dropWhere((series) => series.round !== family.round);
    }
  }

  /** Drops every series of a family, before it is filled anew from the present state. */
  clear(definition: MetricDefinition): void {
    this.#family(definition).dropWhere(() => true);
  }

  /** Labels in the order of the definition, and the value: of a histogram the number of observations. */
  *values(definition: MetricDefinition): Generator<readonly [labels: readonly string[], value: number]> {
    for (const { labels, totals } of this.#family(definition).series.values()) {
      yield [labels, totals[totals.length - 1] ?? 0];
    }
  }

  /** What is counted of one family, as it stands. */
  seriesOf(definition: MetricDefinition): Iterable<Series> {
    return this.#family(definition).series.values();
  }

  /** Pools that have at least one series counted by a listener. */
  poolsWithRequests(): Set<string> {
    const pools = new Set<string>();
    const index = listenerMetrics.httpRequests.labels.indexOf('pool');
    for (const series of this.#families.get(listenerMetrics.httpRequests.name)?.series.values() ?? [])
      pools.add(series.labels[index] ?? '');
    return pools;
  }

  /**
   * The text of all families, in pieces of bounded work: the caller lets other work run between them.
   * Series of pools and sites that are no longer configured are dropped as they are written; a listener's
   * gauges of a pool come with the pool's first request.
   */
  *encode(): Generator<string> {
    const requested = this.poolsWithRequests();
    let text = '';
    for (const family of this.#families.values()) {
      let header = family.header();
      for (const [key, series] of family.series) {
        if (isUntouched(family.definition, series, requested)) continue;
        text += header + encodeSeries(series);
        header = '';
        if (this.#isRemoved(family.definition, series)) family.drop(key);
        if (text.length >= metricPieceChars) {
          yield text;
          text = '';
        }
      }
    }
    yield text;
  }

  #applyDelta(listenerId: number, delta: CounterDelta): void {
    const [name = '', ...told] = delta.series.split(seriesSeparator);
    const family = this.#families.get(name);
    if (family === undefined || delta.values.length !== valueCount(family.definition)) {
      this.ignored += 1;
      return;
    }
    const { definition } = family;
    const number = this.#listeners.get(listenerId) ?? String(listenerId);
    const labels = definition.isPerListener === true ? [number, ...told] : told;
    if (labels.length !== definition.labels.length) {
      this.ignored += 1;
      return;
    }
    // A late delta of a removed pool does not bring its series back.
    const key = labels.join(seriesSeparator);
    if (!family.series.has(key) && this.#namesRemoved(definition, labels)) return;
    const series = this.#series(definition, labels);
    if (series === null) return;
    if (definition.kind === 'gauge') {
      series.bySource.set(listenerId, finite(delta.values[0]));
      sumSources(series);
      return;
    }
    delta.values.forEach((value, index) => increase(series.totals, index, Math.max(0, finite(value))));
  }

  #isRemoved(definition: MetricDefinition, series: Series): boolean {
    return this.#namesRemoved(definition, series.labels);
  }

  #namesRemoved(definition: MetricDefinition, labels: readonly string[]): boolean {
    const isGone = (label: string, names: ReadonlySet<string> | null): boolean => {
      const index = definition.labels.indexOf(label);
      const value = index === -1 ? '' : (labels[index] ?? '');
      return names !== null && value !== '' && !names.has(value);
    };
    return isGone('pool', this.#pools) || isGone('site', this.#sites);
  }

  #series(definition: MetricDefinition, labels: readonly string[]): Series | null {
    const series = this.#family(definition).get(labels);
    if (series === null) this.#dropped.set(definition.name, (this.#dropped.get(definition.name) ?? 0) + 1);
    return series;
  }

  #family(definition: MetricDefinition): Family {
    const family = this.#families.get(definition.name);
    if (family === undefined) throw new Error(`no metric family ${definition.name}`);
    return family;
  }
}

/** Listeners tell their gauges of every pool from the start; those of a pool without requests say nothing. */
function isUntouched({ kind, labels }: MetricDefinition, series: Series, requested: ReadonlySet<string>): boolean {
  if (kind !== 'gauge' || series.totals[0] !== 0 || series.bySource.has(ownSource)) return false;
  const index = labels.indexOf('pool');
  return index !== -1 && !requested.has(series.labels[index] ?? '');
}

function increase(totals: Float64Array, index: number, by: number): void {
  totals[index] = (totals[index] ?? 0) + by;
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}

function sumSources(series: Series): void {
  let sum = 0;
  for (const value of series.bySource.values()) sum += value;
  series.totals[0] = sum;
}
