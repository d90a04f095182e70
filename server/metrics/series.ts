/**
 * All series of one metric family with their values, and their Prometheus text. The text before each
 * value is built once per series, because a server with a thousand pools has tens of thousands of them.
 */
import type { MetricDefinition } from './definitions.js';

export const seriesSeparator = '\u0000';

export class Series {
  /** Text up to and including the space before the value, one per line of the series. */
  readonly prefixes: readonly string[];
  readonly labels: readonly string[];
  /** Counter and gauge: one value. Histogram: buckets (not cumulative, +Inf last), sum, count. */
  readonly totals: Float64Array;
  /** Gauges only: what each source last said; the total is their sum. */
  readonly bySource = new Map<number, number>();
  /** Of a family that is refilled: the round that set it last. */
  round = 0;

  constructor(definition: MetricDefinition, labels: readonly string[]) {
    this.labels = labels;
    this.prefixes = prefixesOf(definition, labels);
    this.totals = new Float64Array(valueCount(definition));
  }
}

/** Lines that all series of a server may have together: what does not fit is not kept, and is counted. */
export class LineBudget {
  max: number;
  used = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** A histogram has many lines: none begins in the last third, which is for the counters and gauges of other pools. */
  take(lines: number): boolean {
    const max = lines > 1 ? (this.max * 2) / 3 : this.max;
    if (this.used + lines > max) return false;
    this.used += lines;
    return true;
  }
}

/** Labels whose values grow with the configuration. */
const multiplied: ReadonlySet<string> = new Set(['pool', 'site', 'app']);

export class Family {
  readonly definition: MetricDefinition;
  readonly #series = new Map<string, Series>();
  /** null: neither pools nor sites multiply its series. */
  readonly #budget: LineBudget | null;
  round = 0;

  constructor(definition: MetricDefinition, budget: LineBudget) {
    this.definition = definition;
    this.#budget = definition.labels.some((label) => multiplied.has(label)) ? budget : null;
  }

  get series(): ReadonlyMap<string, Series> {
    return this.#series;
  }

  /** null when there are too many series already. */
  get(labels: readonly string[]): Series | null {
    const key = labels.join(seriesSeparator);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const made = new Series(this.definition, labels);
    if (this.#budget?.take(made.prefixes.length) === false) return null;
    this.#series.set(key, made);
    return made;
  }

  drop(key: string): void {
    const dropped = this.#series.get(key);
    if (dropped === undefined) return;
    if (this.#budget !== null) this.#budget.used -= dropped.prefixes.length;
    this.#series.delete(key);
  }

  dropWhere(isGone: (series: Series) => boolean): void {
    for (const [key, series] of this.#series) if (isGone(series)) this.drop(key);
  }

  header(): string {
    const { name, help, kind } = this.definition;
    return headerText(name, help, kind);
  }
}

export function headerText(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

/** Number of values that one series of this family has. */
export function valueCount(definition: MetricDefinition): number {
  return definition.kind === 'histogram' ? (definition.buckets?.length ?? 0) + 3 : 1;
}

/** The lines of one series, each ending in a line feed. */
export function encodeSeries(series: Series): string {
  const { totals, prefixes } = series;
  if (prefixes.length === 1) return `${prefixes[0] ?? ''}${encodeValue(totals[0] ?? 0)}\n`;
  let text = '';
  let cumulative = 0;
  const buckets = totals.length - 2;
  for (let index = 0; index < buckets; index += 1) {
    cumulative += totals[index] ?? 0;
    text += `${prefixes[index] ?? ''}${encodeValue(cumulative)}\n`;
  }
  for (let index = buckets; index < totals.length; index += 1) {
    text += `${prefixes[index] ?? ''}${encodeValue(totals[index] ?? 0)}\n`;
  }
  return text;
}

export function encodeValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function prefixesOf(
  { name, kind, labels: names, buckets = [] }: MetricDefinition,
  labels: readonly string[],
): string[] {
  let pairs = '';
  for (const [index, label] of names.entries()) {
    pairs += `${index === 0 ? '' : ','}${label}="${escapeLabel(labels[index] ?? '')}"`;
  }
  const set = pairs === '' ? '' : `{${pairs}}`;
  if (kind !== 'histogram') return [`${name}${set} `];
  const open = `${name}_bucket{${pairs}${pairs === '' ? '' : ','}le="`;
  const lines = buckets.map((bound) => `${open}${bound}"} `);
  lines.push(`${open}+Inf"} `, `${name}_sum${set} `, `${name}_count${set} `);
  return lines;
}

export function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
