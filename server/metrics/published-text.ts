/** What applications published, as text: families under one `TYPE` each, or under none where pools differ on it. */
import { publishedAgeMaxMs } from '../../config/base/metrics-limits.js';
import type { PublishedFamily, PublishedType } from '../../pools/protocol/published-metrics.js';
import { joined } from './published-gauges.js';
import { encodeValue, headerText } from './series.js';

/** Why something of a report is not shown; the label `reason` of the metric. */
export type RefusedReason = 'malformed' | 'too-large' | 'reserved-name' | 'type-conflict' | 'too-many-series';

/** What a family of the type has samples of, and its own name. */
export const suffixes: Readonly<Record<PublishedType, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['', '_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

export interface Value {
  value: number;
  /** Number of the report that had it last. */
  report: number;
}

export interface PublishedSeries {
  readonly prefix: string;
  /** Of counters: the sum of all increases. */
  total: number;
  /** By worker: a counter's last value, or a gauge. */
  readonly workers: Map<number, Value>;
  seenMs: number;
}

export interface PoolFamily {
  readonly type: PublishedType;
  readonly aggregator: PublishedFamily['aggregator'];
  readonly help: string;
  readonly series: Map<string, PublishedSeries>;
}

export interface PoolBook {
  readonly families: Map<string, PoolFamily>;
  /** Worker -> monotonic time of its newest report. */
  readonly reportedMs: Map<number, number>;
  readonly refused: Map<RefusedReason, number>;
  series: number;
}

export interface Shown {
  readonly book: PoolBook;
  readonly family: PoolFamily;
}

/** What stands below one `TYPE`; a name with several types gets none. */
export function* groupsOf(
  all: ReadonlyMap<string, readonly Shown[]>,
  nowMs: number,
): Generator<{ readonly header: string; readonly lines: Iterable<string> }> {
  const disputed = disputedNames(all);
  const untyped = new Map<string, Shown[]>();
  for (const [name, shown] of all) {
    const [first] = shown;
    if (first === undefined) continue;
    if (disputed.has(name)) for (const one of shown) collectSamples(untyped, name, one);
    else yield { header: headerText(name, first.family.help, first.family.type), lines: linesOf(shown, nowMs) };
  }
  for (const [name, shown] of untyped) {
    const types = [...new Set(shown.map(({ family }) => family.type))].toSorted().join(' and ');
    const note = `pools publish it with several types: ${types}`;
    yield { header: headerText(name, note, 'untyped'), lines: linesOf(shown, nowMs, `${name}{`) };
  }
}

/** Families that cannot have one `TYPE`: pools differ on it, or what one makes of its name is another's. */
function disputedNames(all: ReadonlyMap<string, readonly Shown[]>): ReadonlySet<string> {
  const disputed = new Set<string>();
  const owners = new Map<string, string>();
  for (const [name, shown] of all) {
    const types = new Set(shown.map(({ family }) => family.type));
    if (types.size > 1) disputed.add(name);
    for (const made of new Set([...types].flatMap((type) => suffixes[type].map((suffix) => `${name}${suffix}`)))) {
      const owner = owners.get(made);
      if (owner === undefined) owners.set(made, name);
      else disputed.add(owner).add(name);
    }
  }
  return disputed;
}

/** Under the names of its samples: each is a family of its own. */
function collectSamples(untyped: Map<string, Shown[]>, name: string, shown: Shown): void {
  for (const suffix of suffixes[shown.family.type]) {
    const made = `${name}${suffix}`;
    untyped.set(made, [...(untyped.get(made) ?? []), shown]);
  }
}

/** `start`: only of the series that begin so. */
function* linesOf(shown: readonly Shown[], nowMs: number, start = ''): Generator<string> {
  for (const { book, family } of shown) {
    const isFresh = (worker: number): boolean =>
      nowMs - (book.reportedMs.get(worker) ?? -Infinity) <= publishedAgeMaxMs;
    for (const series of family.series.values()) {
      if (!series.prefix.startsWith(start)) continue;
      const value = family.type === 'gauge' ? gaugeOf(series, family, isFresh) : series.total;
      if (value !== null) yield `${series.prefix}${encodeValue(value)}`;
    }
  }
}

function gaugeOf(series: PublishedSeries, family: PoolFamily, isFresh: (worker: number) => boolean): number | null {
  const values = [...series.workers].flatMap(([worker, { value }]) => (isFresh(worker) ? [value] : []));
  return joined(values, family.aggregator);
}
