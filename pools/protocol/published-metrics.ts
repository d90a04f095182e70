/**
 * Metrics that an in-process application publishes: how they travel, and the only door for them. They come from a
 * process that runs tenant code, so names, labels, numbers and lengths are checked here; what does not fit is left
 * out and counted, because a mistake in one metric must not end a worker.
 */
import {
  publishedFamiliesMax,
  publishedHelpCharsMax,
  publishedLabelCharsMax,
  publishedLabelsMax,
  publishedNameCharsMax,
  publishedSamplesMax,
} from '../../config/base/metrics-limits.js';

/** Name of the diagnostics channel on which an application hands its registry to the host. */
export const publishChannel = 'sluice:publish-metrics';

export const publishedTypes = ['counter', 'gauge', 'histogram', 'summary'] as const;
export type PublishedType = (typeof publishedTypes)[number];

/** How the values that several workers have for one gauge become one; prom-client's words. */
export const aggregators = ['sum', 'min', 'max', 'average', 'first', 'omit'] as const;
export type Aggregator = (typeof aggregators)[number];

export interface PublishedSample {
  /** '' | _bucket | _sum | _count */
  readonly suffix: string;
  /** Sorted by name. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

export interface PublishedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: PublishedType;
  readonly aggregator: Aggregator;
  readonly samples: readonly PublishedSample[];
}

export interface PublishedReport {
  readonly families: readonly PublishedFamily[];
  /** Families that the host left out of the report because of its size. */
  readonly left: number;
  /** Families and samples that are not of the form. */
  readonly malformed: number;
}

const familyName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelName = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Control characters, and halves of characters. */
const unprintable = /[\p{Cc}\p{Cs}]/gu;

const suffixes: Readonly<Record<PublishedType, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};

type Fields = Readonly<Record<string, unknown>>;

export function readReport(families: readonly unknown[], left: number): PublishedReport {
  const reader = new ReportReader();
  const read = families.slice(0, publishedFamiliesMax).flatMap((one) => reader.family(one));
  return {
    families: read,
    left: left + Math.max(0, families.length - publishedFamiliesMax),
    malformed: reader.malformed,
  };
}

class ReportReader {
  malformed = 0;
  #samplesLeft = publishedSamplesMax;

  family(value: unknown): PublishedFamily[] {
    const { name, help = '', type, aggregator = 'sum', samples } = fieldsOf(value);
    const knownType = publishedTypes.find((one) => one === type);
    const isNamed = typeof name === 'string' && name.length <= publishedNameCharsMax && familyName.test(name);
    if (!isNamed || knownType === undefined || !Array.isArray(samples)) return this.#refuse();
    const taken = samples.slice(0, Math.max(0, this.#samplesLeft));
    this.malformed += samples.length - taken.length;
    this.#samplesLeft -= taken.length;
    return [
      {
        name,
        help: typeof help === 'string' ? help.slice(0, publishedHelpCharsMax).replace(unprintable, ' ') : '',
        type: knownType,
        aggregator: aggregators.find((one) => one === aggregator) ?? 'sum',
        samples: taken.flatMap((one) => this.#sample(one, knownType)),
      },
    ];
  }

  #sample(value: unknown, type: PublishedType): PublishedSample[] {
    if (!Array.isArray(value) || value.length !== 3) return this.#refuse();
    const [suffix, labels, number]: readonly unknown[] = value;
    if (typeof suffix !== 'string' || typeof number !== 'number' || !Number.isFinite(number)) return this.#refuse();
    if (type === 'summary' && suffix === '') return [];
    if (!suffixes[type].includes(suffix) || (type !== 'gauge' && number < 0)) return this.#refuse();
    const read = labelsOf(fieldsOf(labels), suffix === '_bucket');
    return read === null ? this.#refuse() : [{ suffix, labels: read, value: number }];
  }

  #refuse(): [] {
    this.malformed += 1;
    return [];
  }
}

/** null: not of the form. A label `pool` is the server's own, so the application's becomes `exported_pool`. */
function labelsOf(fields: Fields, isBucket: boolean): PublishedSample['labels'] | null {
  const read = new Map<string, string>();
  for (const [given, value] of Object.entries(fields)) {
    const name = given === 'pool' ? 'exported_pool' : given;
    if (name.length > publishedNameCharsMax || !labelName.test(name) || read.has(name)) return null;
    if (name === 'le' ? !isBucket || !isBound(value) : name === 'quantile') return null;
    if (typeof value !== 'string' && typeof value !== 'number') return null;
    const text = String(value);
    if (text.length > publishedLabelCharsMax) return null;
    read.set(name, name === 'le' ? boundText(text) : text.replace(unprintable, '\ufffd'));
  }
  if (read.size > publishedLabelsMax || isBucket !== read.has('le')) return null;
  return [...read].sort(([a], [b]) => (a < b ? -1 : 1));
}

function isBound(value: unknown): boolean {
  if (value === '+Inf') return true;
  return (
    (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')) && Number.isFinite(Number(value))
  );
}

/** One form for one number: two would be two buckets of the same bound. */
function boundText(text: string): string {
  return text === '+Inf' ? text : String(Number(text));
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
