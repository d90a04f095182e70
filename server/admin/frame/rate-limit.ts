/** Token buckets by key, for few keys: tokens, sessions, addresses. */
import { adminCountedMax } from '../../../config/base/admin-limits.js';
import type { Clock } from '../../../config/base/clock.js';

interface Bucket {
  left: number;
  atMs: number;
}

export class RateLimit {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  /** In the order in which they were seen last. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  /** false: too many. Then nothing is taken. */
  take(key: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#buckets.get(key) ?? { left: this.#burst, atMs: nowMs };
    const left = Math.min(this.#burst, before.left + ((nowMs - before.atMs) / 1_000) * this.#perSecond);
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= adminCountedMax) break;
      this.#buckets.delete(oldest);
    }
    return left >= 1;
  }
}
