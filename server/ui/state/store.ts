/** What the page knows of the server, folded from answers and events. Pages read it; only `live.ts` writes to it. */
import { nowMs } from '../page-clock.js';
import type { PoolHead } from './health.js';
import { type Figures, restingSample, type Sample, Series } from './series.js';

export type Connection = 'connecting' | 'live' | 'stale' | 'lost';

/** Something that happened, as the events page shows it. All text may be a tenant's. */
export interface EventLine {
  readonly id: string;
  readonly atMs: number;
  readonly kind: string;
  readonly pool: string;
  /** IIS event id; 0 = it has none. */
  readonly eventId: number;
  readonly tone: 'good' | 'bad' | 'warn' | 'plain';
  readonly text: string;
}

export const eventsKept = 1_000;
const crashShownMs = 10_000;
/** When another worker is ready: long enough to be seen. */
const crashOverShownMs = 4_000;

interface Crash {
  readonly text: string;
  readonly atMs: number;
  readonly isOver: boolean;
}

interface Ended {
  readonly reason: string;
  readonly cause: string;
}

export class Store {
  readonly #changed: () => void;
  readonly pools = new Map<string, PoolHead>();
  readonly #series = new Map<string, Series>();
  readonly #crashes = new Map<string, Crash>();
  readonly node = new Series();
  /** What was told last of every pool that does something. */
  figures = new Map<string, Figures>();
  connection: Connection = 'connecting';
  /** When the last thing was heard. */
  heardAtMs = 0;
  /** Newest last. */
  events: readonly EventLine[] = [];
  /** Pools are known. */
  loaded = false;
  problem = '';
  /** Grows whenever something about a pool is heard; pages that show one ask again. */
  readonly versions = new Map<string, number>();

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** All pools there are; what is not among them is gone. */
  setPools(pools: readonly PoolHead[]): void {
    const names = new Set(pools.map(({ name }) => name));
    for (const name of this.pools.keys()) {
      if (names.has(name)) continue;
      this.pools.delete(name);
      this.#series.delete(name);
    }
    for (const pool of pools) this.#setPool(pool);
    this.loaded = true;
    this.problem = '';
    this.#changed();
  }

  setPool(pool: PoolHead): void {
    this.#setPool(pool);
    this.#changed();
  }

  #setPool(pool: PoolHead): void {
    this.pools.set(pool.name, pool);
    this.touch(pool.name);
  }

  /** A worker that nobody asked to leave has ended. */
  ended(pool: string, end: Ended): void {
    this.touch(pool);
    if (end.cause === '' && end.reason !== 'idle')
      this.#crashes.set(pool, { text: `crashed: ${end.reason}`, atMs: nowMs(), isOver: false });
    this.#changed();
  }

  /** Of the last seconds; '' = none. A pool that starts again at once would hardly be seen failing. */
  crashOf(pool: string): string {
    const crash = this.#crashes.get(pool);
    if (crash === undefined) return '';
    return nowMs() - crash.atMs > (crash.isOver ? crashOverShownMs : crashShownMs) ? '' : crash.text;
  }

  /** A worker of it is ready. */
  started(pool: string): void {
    const crash = this.#crashes.get(pool);
    if (crash !== undefined) this.#crashes.set(pool, { ...crash, isOver: true });
    this.touch(pool);
  }

  touch(pool: string): void {
    this.versions.set(pool, (this.versions.get(pool) ?? 0) + 1);
  }

  sample(node: Sample, figures: Map<string, Figures>): void {
    this.figures = figures;
    this.node.push(node);
    for (const [name, { restarts }] of this.pools) {
      this.seriesOf(name).push({ ...(figures.get(name) ?? restingSample), atMs: node.atMs, restarts });
    }
    this.#changed();
  }

  seriesOf(pool: string): Series {
    const series = this.#series.get(pool) ?? new Series();
    this.#series.set(pool, series);
    return series;
  }

  /** An event that was sent again after a reconnect is not shown twice. */
  addEvent(line: EventLine): void {
    if (this.events.some(({ id }) => id === line.id)) return;
    this.events = [...this.events.slice(1 - eventsKept), line];
    this.#changed();
  }

  setConnection(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.#changed();
  }

  fail(problem: string): void {
    this.problem = problem;
    this.#changed();
  }
}
