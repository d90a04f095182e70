/** What happens at a scrape: gauges are filled from the present state, then everything is written as text. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../config/base/clock.js';
import type { CompiledConfig, PoolConfig } from '../../config/model.js';
import type { Runtimes } from '../../pools/runtimes/create-runtimes.js';
import type { PoolView, SupervisorPort } from '../../pools/supervisor/ports.js';
import type { MetricTotals } from '../metrics/fold.js';
import { primaryMetrics } from '../metrics/primary-definitions.js';
import type { PublishedMetrics } from '../metrics/published.js';
import { type ProcessMetrics, scrape } from '../metrics/registry.js';
import { type CertificateView, setCertificateMetrics } from './certificate-views.js';
import type { ListenerFleet } from './listener-fleet.js';
import { busyPools, setPoolGauges } from './pool-metrics.js';
import { setListenerGauges, setWorkerGauges } from './process-metrics.js';
import { WindowsMetrics } from './windows-metrics.js';

const publishedFamilies = [
  primaryMetrics.publishedSeries,
  primaryMetrics.publishedAge,
  primaryMetrics.publishedRefused,
];

export interface ScrapeParts {
  readonly clock: Clock;
  readonly supervisor: Pick<SupervisorPort, 'view'>;
  readonly runtimes: Pick<Runtimes, 'stalled'>;
  readonly fleet: Pick<ListenerFleet, 'completeCount' | 'processes'>;
  readonly totals: MetricTotals;
  readonly published: PublishedMetrics;
  readonly processMetrics: ProcessMetrics;
  currentConfig(): CompiledConfig | null;
  certificates(): readonly CertificateView[];
  isReady(): boolean;
}

export class Scrapes {
  readonly #parts: ScrapeParts;
  readonly #startedAtMs: number;
  #underWay: Promise<Buffer> | null = null;
  #kept: Promise<Buffer> | null = null;
  #lastMs = 0;
  #pools: { readonly config: CompiledConfig; readonly byName: ReadonlyMap<string, PoolConfig> } | null = null;
  /** Only while metrics.compatibility asks for them. */
  #windows: WindowsMetrics | null = null;

  constructor(parts: ScrapeParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.wallMs();
  }

  /**
   * Prometheus text in UTF-8. Whoever asks while one is written gets the same, and one that is not older than `reuseMs` is
   * given again: many clients cost what one does.
   */
  text(reuseMs: number): Promise<Buffer> {
    if (reuseMs > 0 && this.#kept !== null) return this.#kept;
    this.#underWay ??= this.#scrape().finally(() => {
      this.#underWay = null;
    });
    return reuseMs > 0 ? this.#keep(this.#underWay, reuseMs) : this.#underWay;
  }

  /** Also while it is under way; one that fails is not kept. */
  #keep(text: Promise<Buffer>, reuseMs: number): Promise<Buffer> {
    this.#kept = text;
    const forget = (): void => {
      if (this.#kept === text) this.#kept = null;
    };
    text.then(() => this.#parts.clock.setTimer(reuseMs, forget), forget);
    return text;
  }

  async #scrape(): Promise<Buffer> {
    const { clock, totals, published, processMetrics, supervisor, fleet, runtimes } = this.#parts;
    const startedMs = clock.monotonicMs();
    const turn = async (): Promise<void> => {
      await nextTurn();
    };
    setCertificateMetrics(totals, this.#parts.certificates());
    const busy = busyPools(totals, supervisor.view(false));
    const facts = {
      stalled: (pool: string) => runtimes.stalled(pool),
      queueLimit: (pool: string) => this.#pool(pool)?.queueLength ?? 0,
    };
    await setPoolGauges(totals, busy, facts, turn);
    await setWorkerGauges(totals, busy, turn);
    setListenerGauges(totals, fleet.processes());
    processMetrics.listeners(fleet.completeCount());
    totals.set(primaryMetrics.ready, [], this.#parts.isReady() ? 1 : 0);
    totals.set(primaryMetrics.scrapeDuration, [], this.#lastMs / 1_000);
    totals.set(primaryMetrics.seriesShown, [], totals.lines);
    for (const [metric, count] of totals.dropped) totals.set(primaryMetrics.updatesDropped, [metric], count);
    this.#fillPublished(startedMs);
    const windows = this.#fillWindows(busy);
    const own = windows === null ? [totals] : [totals, windows.totals];
    const applications = { encode: () => published.encode(startedMs) };
    const text = await scrape([...own, applications], processMetrics, turn);
    this.#lastMs = clock.monotonicMs() - startedMs;
    return text;
  }

  #fillPublished(nowMs: number): void {
    const { totals, published } = this.#parts;
    totals.refill(publishedFamilies);
    for (const { pool, series, refused, ageMs } of published.facts(nowMs)) {
      totals.set(primaryMetrics.publishedSeries, [pool], series);
      totals.set(primaryMetrics.publishedAge, [pool], Math.round(ageMs) / 1_000);
      for (const [reason, count] of refused) totals.set(primaryMetrics.publishedRefused, [pool, reason], count);
    }
    totals.refilled(publishedFamilies);
  }

  #fillWindows(pools: readonly PoolView[]): WindowsMetrics | null {
    const { clock, totals } = this.#parts;
    const config = this.#parts.currentConfig();
    if (config?.server.metrics.compatibility !== 'windows_exporter') return (this.#windows = null);
    this.#windows ??= new WindowsMetrics();
    this.#windows.totals.seriesMax = config.server.metrics.seriesMax;
    this.#windows.fill(totals, pools, {
      startedAtMs: this.#startedAtMs,
      nowMs: clock.wallMs(),
      poolConfig: (name) => this.#pool(name),
    });
    for (const [metric, count] of this.#windows.totals.dropped)
      totals.set(primaryMetrics.updatesDropped, [metric], count);
    return this.#windows;
  }

  #pool(name: string): PoolConfig | undefined {
    const config = this.#parts.currentConfig();
    if (config === null) return undefined;
    if (this.#pools?.config !== config) {
      this.#pools = { config, byName: new Map(config.pools.map((pool) => [pool.name, pool])) };
    }
    return this.#pools.byName.get(name);
  }
}
