/**
 * The only user of prom-client: the primary's own process metrics, build and configuration. Everything
 * per site, pool or worker is in `fold.ts`; a scrape joins the two texts.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { MetricDefinition } from './definitions.js';
import { measureLoopLag } from './loop-lag.js';
import { primaryMetrics } from './primary-definitions.js';

export interface BuildInfo {
  readonly version: string;
  readonly node: string;
}

/** Families that prom-client holds; `fold.ts` holds the others. */
const processFamilies: readonly MetricDefinition[] = [
  primaryMetrics.listeners,
  primaryMetrics.listenerRestarts,
  primaryMetrics.configReloads,
  primaryMetrics.configLastReloadSuccessful,
  primaryMetrics.configLastReloadSuccess,
  primaryMetrics.configInfo,
  primaryMetrics.configVersion,
  primaryMetrics.buildInfo,
];

export class ProcessMetrics {
  readonly #registry = new Registry();
  readonly #gauges = new Map<string, Gauge>();
  readonly #counters = new Map<string, Counter>();

  constructor(build: BuildInfo) {
    // Its own look at the event loop is replaced, so it need not look often.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 3_600_000 });
    measureLoopLag(this.#registry);
    // Gauges with a counter's suffix: promtool refuses them, and the same numbers are there by type.
    for (const kind of ['handles', 'requests', 'resources']) {
      this.#registry.removeSingleMetric(`nodejs_active_${kind}_total`);
    }
    for (const definition of processFamilies) this.#register(definition);
    this.#gauge(primaryMetrics.buildInfo).set({ version: build.version, node: build.node }, 1);
    for (const result of ['success', 'failure']) this.#counter(primaryMetrics.configReloads).inc({ result }, 0);
  }

  /** `atMs`: wall clock. */
  configurationServes(version: string, atMs: number): void {
    this.#gauge(primaryMetrics.configInfo).reset();
    this.#gauge(primaryMetrics.configInfo).set({ version: version.slice(0, 16) }, 1);
    this.#gauge(primaryMetrics.configVersion).inc();
    this.#gauge(primaryMetrics.configLastReloadSuccessful).set(1);
    this.#gauge(primaryMetrics.configLastReloadSuccess).set(atMs / 1000);
  }

  reloaded(result: 'success' | 'failure'): void {
    this.#counter(primaryMetrics.configReloads).inc({ result });
    if (result === 'failure') this.fileStaysRefused();
  }

  /** What serves has changed, but the file that was refused last is still not in use. */
  fileStaysRefused(): void {
    this.#gauge(primaryMetrics.configLastReloadSuccessful).set(0);
  }

  listeners(count: number): void {
    this.#gauge(primaryMetrics.listeners).set(count);
  }

  listenerReplaced(): void {
    this.#counter(primaryMetrics.listenerRestarts).inc();
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #register({ name, help, labels, kind }: MetricDefinition): void {
    const configuration = { name, help, labelNames: [...labels], registers: [this.#registry] };
    if (kind === 'counter') this.#counters.set(name, new Counter(configuration));
    else this.#gauges.set(name, new Gauge(configuration));
  }

  #gauge({ name }: MetricDefinition): Gauge {
    const found = this.#gauges.get(name);
    if (found === undefined) throw new Error(`no gauge ${name}`);
    return found;
  }

  #counter({ name }: MetricDefinition): Counter {
    const found = this.#counters.get(name);
    if (found === undefined) throw new Error(`no counter ${name}`);
    return found;
  }
}

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * One scrape as UTF-8. `nextTurn` gives other work a turn between two pieces. Each is written as it comes: joined to one
 * string they would be a garbage of megabytes that only a collection of the old space removes.
 */
export async function scrape(
  sources: readonly { encode(): Iterable<string> }[],
  processMetrics: ProcessMetrics,
  nextTurn: () => Promise<void>,
): Promise<Buffer> {
  const text = new TextBuffer();
  text.add(await processMetrics.text());
  for (const source of sources) {
    for (const piece of source.encode()) {
      text.add(piece);
      await nextTurn();
    }
  }
  return text.whole();
}

const bytesAtFirst = 65_536;
/** Of one character of a string in UTF-8, at most. */
const bytesPerChar = 3;

class TextBuffer {
  #bytes = Buffer.allocUnsafeSlow(bytesAtFirst);
  #length = 0;

  add(piece: string): void {
    const wanted = this.#length + piece.length * bytesPerChar;
    if (wanted > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * wanted);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(piece, this.#length);
  }

  whole(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
