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

  constructor(definition: MetricDefinition, labels: readonly string[]) {
    this.labels = labels;
    this.prefixes = prefixesOf(definition, labels);
    this.totals = new Float64Array(valueCount(definition));
  }
}

export class Family {
  readonly definition: MetricDefinition;
  readonly series = new Map<string, Series>();
  readonly #seriesMax: number;

  constructor(definition: MetricDefinition, seriesMax: number) {
    this.definition = definition;
    this.#seriesMax = seriesMax;
  }

  /** null when the labels do not fit the definition or there are too many series already. */
  get(labels: readonly string[]): Series | null {
    const key = labels.join(seriesSeparator);
    const known = this.series.get(key);
    if (known !== undefined) return known;
    if (labels.length !== this.definition.labels.length || this.series.size >= this.#seriesMax) return null;
    const made = new Series(this.definition, labels);
    this.series.set(key, made);
    return made;
  }

  header(): string {
    const { name, help, kind } = this.definition;
    return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${kind}\n`;
  }
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

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
