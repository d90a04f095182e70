import type { App } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import { chart, type Line } from '../parts/chart.js';
import { bytes, count, duration, rate } from '../parts/format.js';
import { part } from '../parts/part.js';
import { samplesKept, type Series } from '../state/series.js';

interface ChartKind {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly least: number;
  readonly unit: number;
}

const kinds: readonly ChartKind[] = [
  {
    title: 'Requests/s',
    lines: [
      { measure: 'rate', name: 'all', tone: 'water' },
      { measure: 'errors', name: 'errors', tone: 'bad' },
    ],
    format: rate,
    least: 1,
    unit: 1,
  },
  {
    title: 'Latency',
    lines: [
      { measure: 'p99Ms', name: 'p99', tone: 'deep' },
      { measure: 'p50Ms', name: 'median', tone: 'water' },
    ],
    format: duration,
    least: 10,
    unit: 1,
  },
  {
    title: 'Memory',
    lines: [{ measure: 'memoryBytes', name: 'memory', tone: 'water' }],
    format: bytes,
    least: 16_777_216,
    unit: 1_048_576,
  },
  {
    title: 'Event-loop delay',
    lines: [{ measure: 'loopDelayMs', name: 'delay', tone: 'warn' }],
    format: duration,
    least: 10,
    unit: 1,
  },
  {
    title: 'Queue and in flight',
    lines: [
      { measure: 'inFlight', name: 'in flight', tone: 'water' },
      { measure: 'queue', name: 'queued', tone: 'warn' },
    ],
    format: count,
    least: 4,
    unit: 1,
  },
  {
    title: 'Restarts',
    lines: [{ measure: 'restarts', name: 'restarts', tone: 'bad' }],
    format: count,
    least: 4,
    unit: 1,
  },
];

/** Seconds that are shown: a page that was just opened is not mostly empty. */
function windowFor(samples: number): number {
  return [60, 120].find((seconds) => samples <= seconds) ?? samplesKept;
}

export class PoolCharts {
  readonly #app: App;
  /** The same moment is pointed at in every chart. */
  #pointed: number | null = null;

  constructor(app: App) {
    this.#app = app;
  }

  view(series: Series): ElementView {
    const samples = series.tail(samplesKept);
    const point = (index: number | null): void => {
      this.#pointed = index;
      this.#app.invalidate();
    };
    const shared = { samples, wanted: windowFor(samples.length), pointed: this.#pointed, point };
    return part(
      'Charts',
      '',
      h(
        'div.charts',
        {},
        kinds.map((kind) => chart({ ...kind, ...shared })),
      ),
    );
  }
}
