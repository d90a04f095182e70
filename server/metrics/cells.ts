// HOT: measured by test/bench/main.ts
import type { CounterDelta } from '../../pools/protocol/counters.js';
import type { MetricDefinition } from './definitions.js';

const initialCells = 1_024;

interface Series {
  readonly key: string;
  readonly at: number;
  readonly size: number;
  readonly isGauge: boolean;
  /** Its labels of these names, null where it has none. */
  readonly site: string | null;
  readonly pool: string | null;
}

/**
 * Numbers of one listener process in one Float64Array. A series is declared once and is then an index;
 * counting is one addition. `take` hands out what changed since it was called last.
 */
export class Cells {
  #values = new Float64Array(initialCells);
  #used = 0;
  #series: Series[] = [];
  readonly #byKey = new Map<string, Series>();
  /** Places of dropped series, by size. */
  readonly #free = new Map<number, number[]>();

  /** @returns the index of the first cell; the same series is declared once, later calls find it. */
  declare(definition: MetricDefinition, labels: readonly string[]): number {
    const key = [definition.name, ...labels].join('\0');
    const known = this.#byKey.get(key);
    if (known !== undefined) return known.at;
    const size = definition.kind === 'histogram' ? (definition.buckets?.length ?? 0) + 3 : 1;
    const isGauge = definition.kind === 'gauge';
    const [site, pool] = ['site', 'pool'].map((name) => labels[definition.labels.indexOf(name)] ?? null);
    const series = { key, at: this.#place(size), size, isGauge, site: site ?? null, pool: pool ?? null };
    this.#series.push(series);
    this.#byKey.set(key, series);
    return series.at;
  }

  /**
   * Drops the series of a pool (and site) that is gone; nobody may use their indexes any more. Call right
   * after `take`: what was counted since then is lost.
   */
  drop(isGone: (site: string | null, pool: string) => boolean): void {
    const left: Series[] = [];
    for (const series of this.#series) {
      const { key, at, size, site, pool } = series;
      if (pool === null || !isGone(site, pool)) {
        left.push(series);
        continue;
      }
      this.#byKey.delete(key);
      this.#sentGauges.delete(at);
      this.#values.fill(0, at, at + size);
      const places = this.#free.get(size);
      if (places === undefined) this.#free.set(size, [at]);
      else places.push(at);
    }
    this.#series = left;
  }

  #place(size: number): number {
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) return free;
    const at = this.#used;
    this.#used += size;
    if (this.#used > this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    return at;
  }

  add(at: number, value: number): void {
    this.#values[at] = (this.#values[at] ?? 0) + value;
  }

  set(at: number, value: number): void {
    this.#values[at] = value;
  }

  get(at: number): number {
    return this.#values[at] ?? 0;
  }

  /** One observation of a histogram declared with these bounds: its bucket, the sum and the count. */
  observe(at: number, bounds: readonly number[], value: number): void {
    const values = this.#values;
    const length = bounds.length;
    let bucket = 0;
    while (bucket < length && value > (bounds[bucket] ?? 0)) bucket += 1;
    values[at + bucket] = (values[at + bucket] ?? 0) + 1;
    values[at + length + 1] = (values[at + length + 1] ?? 0) + value;
    values[at + length + 2] = (values[at + length + 2] ?? 0) + 1;
  }

  /** What changed since the last call: counters and histograms start again at 0, gauges are sent as they are. */
  take(): CounterDelta[] {
    const deltas: CounterDelta[] = [];
    for (const series of this.#series) {
      if (series.isGauge) {
        const value = this.get(series.at);
        if (this.#sentGauges.get(series.at) === value) continue;
        this.#sentGauges.set(series.at, value);
        deltas.push({ series: series.key, values: [value] });
        continue;
      }
      const last = series.at + series.size;
      // The last cell of a histogram is its count: 0 there means that nothing changed.
      if (this.#values[last - 1] === 0) continue;
      deltas.push({ series: series.key, values: Array.from(this.#values.subarray(series.at, last)) });
      this.#values.fill(0, series.at, last);
    }
    return deltas;
  }

  readonly #sentGauges = new Map<number, number>();
}
