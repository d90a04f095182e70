/** Line charts in SVG: a small one for tiles and one with axes that says the value under the pointer. */
import { type ElementView, h } from '../dom/view.js';
import type { Measure, Sample } from '../state/series.js';

const sparkWidth = 240;
const sparkHeight = 34;

/** The level of a measure over the last samples, filled like water. The text says what the picture shows. */
export function sparkline(samples: readonly Sample[], measure: Measure, wanted: number, says: string): ElementView {
  const values = samples.map((sample) => sample[measure]);
  const top = Math.max(1, ...values.filter(Number.isFinite));
  const line = pathOf(values, wanted, top, { width: sparkWidth, height: sparkHeight - 3, left: 0, top: 2 });
  const view = `0 0 ${sparkWidth} ${sparkHeight}`;
  return h(
    'svg.spark',
    { viewBox: view, preserveAspectRatio: 'none', role: 'img', 'aria-label': says },
    h('path.area', { d: areaOf(line, sparkHeight) }),
    h('path.line', { d: line }),
  );
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The newest value stands at the right edge; what is not known leaves a gap. */
export function pathOf(values: readonly number[], wanted: number, max: number, box: Box): string {
  const step = box.width / Math.max(1, wanted - 1);
  const first = box.left + box.width - (values.length - 1) * step;
  const stretches: string[][] = [];
  let stretch: string[] | null = null;
  for (const [index, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      stretch = null;
      continue;
    }
    if (stretch === null) stretches.push((stretch = []));
    const x = (first + index * step).toFixed(1);
    const y = (box.top + box.height * (1 - Math.min(1, value / max))).toFixed(1);
    stretch.push(`${x} ${y}`);
  }
  // A value alone between gaps is drawn as a dot: a line to itself.
  return stretches.map((points) => `M${(points.length === 1 ? [...points, ...points] : points).join('L')}`).join('');
}

/** Each stretch of the line closed down to the floor. */
function areaOf(line: string, floor: number): string {
  return line
    .split('M')
    .filter((stretch) => stretch !== '')
    .map((stretch) => {
      const points = stretch.split('L');
      const from = points[0]?.split(' ')[0] ?? '0';
      const to = points.at(-1)?.split(' ')[0] ?? '0';
      return `M${from} ${floor}L${points.join('L')}L${to} ${floor}Z`;
    })
    .join('');
}

export interface Line {
  readonly measure: Measure;
  readonly name: string;
  /** One of the colours of the style sheet. */
  readonly tone: 'water' | 'deep' | 'bad' | 'warn';
}

export interface ChartOptions {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly samples: readonly Sample[];
  readonly wanted: number;
  readonly format: (value: number) => string;
  /** The top of the scale is never below it, and a round number of `unit`. */
  readonly least: number;
  readonly unit: number;
  /** Index of the sample under the pointer; null = the newest. */
  readonly pointed: number | null;
  readonly point: (index: number | null) => void;
}

const chartWidth = 460;
const chartHeight = 132;
const plot: Box = { left: 4, top: 8, width: chartWidth - 8, height: chartHeight - 26 };

export function chart(options: ChartOptions): ElementView {
  const { title, lines, samples, wanted, format, least, unit, pointed } = options;
  const index = pointed === null || samples.length === 0 ? samples.length - 1 : Math.min(pointed, samples.length - 1);
  const shown = samples[index];
  const all = lines.flatMap(({ measure }) => samples.map((sample) => sample[measure])).filter(Number.isFinite);
  const top = niceTop(Math.max(least, ...all) / unit) * unit;
  const says = lines
    .map((line) => `${line.name} ${shown === undefined ? '–' : format(shown[line.measure])}`)
    .join(', ');
  const legend = lines.map((line) =>
    h(
      'span.figure',
      { class: `tone-${line.tone}` },
      lines.length > 1 && h('span.swatch', { 'aria-hidden': 'true' }),
      lines.length > 1 && `${line.name} `,
      h('b', {}, shown === undefined ? '–' : format(shown[line.measure])),
    ),
  );
  return h(
    'figure.chart',
    { key: title },
    h('figcaption', {}, h('span.title', {}, title), h('span.figures', {}, legend)),
    h(
      'svg',
      {
        viewBox: `0 0 ${chartWidth} ${chartHeight}`,
        role: 'img',
        'aria-label': `${title}: ${says}; scale to ${format(top)}`,
        onPointermove: (event) => options.point(indexUnder(event, samples.length, wanted)),
        onPointerleave: () => options.point(null),
      },
      grid(top, format, samples, wanted),
      lines.map((line) => linePaths(line, samples, wanted, top, lines.length === 1)),
      pointed !== null && samples.length > 0 && cursor(index, samples.length, wanted),
    ),
  );
}

function linePaths(line: Line, samples: readonly Sample[], wanted: number, top: number, filled: boolean): ElementView {
  const values = samples.map((sample) => sample[line.measure]);
  const path = pathOf(values, wanted, top, plot);
  const area = filled && h('path.area', { d: areaOf(path, plot.top + plot.height) });
  return h('g', { class: `tone-${line.tone}` }, area, h('path.line', { d: path }));
}

function grid(
  top: number,
  format: (value: number) => string,
  samples: readonly Sample[],
  wanted: number,
): readonly ElementView[] {
  const floor = plot.top + plot.height;
  const right = plot.left + plot.width;
  const levels = [0, 0.5, 1].map((part) => {
    const y = floor - plot.height * part;
    return h('line.grid', { x1: plot.left, x2: right, y1: y, y2: y });
  });
  const seconds = Math.max(wanted - 1, samples.length - 1);
  const texts = [
    h('text.tick', { x: plot.left, y: plot.top + 10 }, format(top)),
    h('text.tick', { x: plot.left, y: chartHeight - 5 }, `${Math.round(seconds / 60)} min ago`),
    h('text.tick', { x: right, y: chartHeight - 5, 'text-anchor': 'end' }, 'now'),
  ];
  return [...levels, ...texts];
}

function cursor(index: number, length: number, wanted: number): ElementView {
  const x = plot.left + plot.width - ((length - 1 - index) * plot.width) / Math.max(1, wanted - 1);
  return h('line.cursor', { x1: x, x2: x, y1: plot.top, y2: plot.top + plot.height });
}

function indexUnder(event: Event, length: number, wanted: number): number | null {
  if (!(event instanceof PointerEvent) || !(event.currentTarget instanceof Element)) return null;
  const { left, width } = event.currentTarget.getBoundingClientRect();
  const x = ((event.clientX - left) / width) * chartWidth;
  const back = Math.round((plot.left + plot.width - x) / (plot.width / Math.max(1, wanted - 1)));
  const index = length - 1 - back;
  return index < 0 || index >= length ? null : index;
}

/** 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const factor of [1, 2, 5]) if (factor * power >= value) return factor * power;
  return 10 * power;
}
