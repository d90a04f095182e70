/**
 * The newest traces of several sites without reading all of them: of each site one file is looked at, and the next one when
 * it was the newest of all. What files say is kept, because they do not change; callers wait for each other.
 */
import { tracesListedMax, traceSummariesKept } from '../../config/base/log-limits.js';
import type { StoredTrace, TraceSummary } from '../admin/trace-views.js';

/** The traces of one site that are not listed yet. */
interface Pile {
  readonly siteId: number;
  /** Ascending. */
  readonly numbers: number[];
  top: TraceSummary | null;
}

export class TraceLists {
  readonly #numbersIn: (siteId: number) => Promise<number[]>;
  readonly #read: (siteId: number, number: number) => Promise<StoredTrace | null>;
  /** By site and number; the oldest entries go first. */
  readonly #known = new Map<string, TraceSummary>();
  #last: Promise<unknown> = Promise.resolve();

  /** `read` gives null where the file is gone. */
  constructor(
    numbersIn: (siteId: number) => Promise<number[]>,
    read: (siteId: number, number: number) => Promise<StoredTrace | null>,
  ) {
    this.#numbersIn = numbersIn;
    this.#read = read;
  }

  /** The file is written anew. */
  forget(siteId: number, number: number): void {
    this.#known.delete(keyOf(siteId, number));
  }

  newest(
    siteIds: readonly number[],
    limit: number,
    mayShow: (pool: string) => boolean,
  ): Promise<readonly TraceSummary[]> {
    const list = this.#last.then(() => this.#list(siteIds, limit, mayShow));
    this.#last = list.catch(() => undefined);
    return list;
  }

  async #list(
    siteIds: readonly number[],
    limit: number,
    mayShow: (pool: string) => boolean,
  ): Promise<readonly TraceSummary[]> {
    const piles: Pile[] = [];
    for (const siteId of siteIds) {
      const pile: Pile = { siteId, numbers: await this.#numbersIn(siteId), top: null };
      if (await this.#next(pile)) piles.push(pile);
    }
    const found: TraceSummary[] = [];
    for (let looked = 0; found.length < limit && looked < tracesListedMax; looked += 1) {
      const newest = piles.reduce<Pile | null>((best, pile) => (startOf(pile) > startOf(best) ? pile : best), null);
      if (newest?.top === null || newest === null) break;
      if (mayShow(newest.top.pool)) found.push(newest.top);
      await this.#next(newest);
    }
    // A site numbers its traces as they end: a slow request began before some that have a lower number.
    return found.sort((a, b) => b.startedAtMs - a.startedAtMs);
  }

  /** Looks at the one before; false: there is none. */
  async #next(pile: Pile): Promise<boolean> {
    pile.top = null;
    for (let number = pile.numbers.pop(); number !== undefined; number = pile.numbers.pop()) {
      pile.top = await this.#summaryOf(pile.siteId, number);
      if (pile.top !== null) return true;
    }
    return false;
  }

  async #summaryOf(siteId: number, number: number): Promise<TraceSummary | null> {
    const key = keyOf(siteId, number);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const stored = await this.#read(siteId, number);
    if (stored === null) return null;
    const summary = summaryOf(stored);
    this.#known.set(key, summary);
    const [oldest] = this.#known.keys();
    if (this.#known.size > traceSummariesKept && oldest !== undefined) this.#known.delete(oldest);
    return summary;
  }
}

function keyOf(siteId: number, number: number): string {
  return `${siteId}/${number}`;
}

function startOf(pile: Pile | null): number {
  return pile?.top?.startedAtMs ?? -Infinity;
}

function summaryOf({ id, trace }: StoredTrace): TraceSummary {
  const { site, pool, startedAtMs, method, url, status, subStatus, reason, timeTakenMs, failureReason } = trace;
  return { id, site, pool, startedAtMs, method, url, status, subStatus, reason, timeTakenMs, failureReason };
}
