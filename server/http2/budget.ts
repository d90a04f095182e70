import { http2SmallDataMax, http2SmallDataPerSecond } from '../../config/base/http2-limits.js';
import {
  http2FramesMax,
  http2FramesPerSecond,
  http2ResetCostMax,
  http2ResetCostPerSecond,
} from '../../config/base/limits.js';

/** What the ends of streams cost: full price for work that was thrown away, little for what was served before. */
export const ResetCost = { unserved: 4, refused: 1, served: 1 } as const;

/** A bucket that refills by time and by useful work. */
class Bucket {
  readonly #max: number;
  readonly #perMs: number;
  #tokens: number;
  #filledMs = 0;

  constructor(max: number, perSecond: number) {
    this.#max = max;
    this.#perMs = perSecond / 1_000;
    this.#tokens = max;
  }

  /** False: it is empty. */
  spend(cost: number, nowMs: number): boolean {
    this.#tokens = Math.min(this.#max, this.#tokens + (nowMs - this.#filledMs) * this.#perMs) - cost;
    this.#filledMs = nowMs;
    return this.#tokens >= 0;
  }

  credit(tokens: number): void {
    this.#tokens = Math.min(this.#max, this.#tokens + tokens);
  }
}

/**
 * What one connection may do that costs us more than the peer (CVE-2023-44487, CVE-2025-8671, CVE-2019-9511 to -9518):
 * streams that end by a reset of either side, and frames that carry nothing or next to nothing. Useful work pays some back, so that no
 * busy peer is taken for a hostile one.
 */
export class Budget {
  /** Of `receive`: coarse is good enough. */
  nowMs = 0;
  readonly #resets = new Bucket(http2ResetCostMax, http2ResetCostPerSecond);
  readonly #frames = new Bucket(http2FramesMax, http2FramesPerSecond);
  readonly #smallData = new Bucket(http2SmallDataMax, http2SmallDataPerSecond);

  spendReset(cost: number): boolean {
    return this.#resets.spend(cost, this.nowMs);
  }

  spendFrame(cost: number): boolean {
    return this.#frames.spend(cost, this.nowMs);
  }

  /** Messages of a call may be small and many: they have a budget of their own. */
  spendSmallData(): boolean {
    return this.#smallData.spend(1, this.nowMs);
  }

  /** A request was answered to its end. */
  served(): void {
    this.#resets.credit(1);
    this.#frames.credit(8);
  }

  /** DATA of some size went either way: window updates and pings belong to it. */
  transferred(bytes: number): void {
    if (bytes >= usefulBytes) this.#frames.credit(3);
  }
}

/** A smaller frame earns nothing: a window of one byte must not pay for its updates. */
export const usefulBytes = 256;
