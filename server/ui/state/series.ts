/** The last minutes of one pool (or of the node), one sample a second, oldest overwritten first. */
export const samplesKept = 300;

export const measures = [
  'rate',
  'errors',
  'p50Ms',
  'p99Ms',
  'queue',
  'inFlight',
  'memoryBytes',
  'cpuPercent',
  'loopDelayMs',
  'workers',
  'restarts',
] as const;
export type Measure = (typeof measures)[number];
/** NaN = not known at that moment. */
export type Sample = Readonly<Record<Measure, number>> & { readonly atMs: number };

/** What the server tells of a pool each time something of it is another. */
export type Figures = Omit<Sample, 'atMs' | 'restarts'>;

export const emptySample: Sample = {
  atMs: 0,
  rate: Number.NaN,
  errors: Number.NaN,
  p50Ms: Number.NaN,
  p99Ms: Number.NaN,
  queue: Number.NaN,
  inFlight: Number.NaN,
  memoryBytes: Number.NaN,
  cpuPercent: Number.NaN,
  loopDelayMs: Number.NaN,
  workers: Number.NaN,
  restarts: Number.NaN,
};

/** Of a pool that the server says nothing of: it has no worker and no request. */
export const restingSample: Figures = {
  ...emptySample,
  rate: 0,
  errors: 0,
  queue: 0,
  inFlight: 0,
  memoryBytes: 0,
  workers: 0,
};

export class Series {
  readonly #samples: Sample[] = [];
  #next = 0;
  /** Grows with every sample: an input for what is drawn from it. */
  version = 0;

  push(sample: Sample): void {
    if (this.#samples.length < samplesKept) this.#samples.push(sample);
    else this.#samples[this.#next] = sample;
    this.#next = (this.#next + 1) % samplesKept;
    this.version += 1;
  }

  get last(): Sample {
    return this.#samples.at(this.#next - 1) ?? emptySample;
  }

  /** The newest `wanted` samples, oldest first. */
  tail(wanted: number): readonly Sample[] {
    const full = this.#samples.length === samplesKept;
    const ordered = full ? [...this.#samples.slice(this.#next), ...this.#samples.slice(0, this.#next)] : this.#samples;
    return ordered.slice(-wanted);
  }
}
