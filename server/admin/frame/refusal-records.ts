/**
 * How often a refusal becomes a record: the log of changes is kept in a few files, and whoever can reach the listener
 * could push every real change out of it by asking for what is refused.
 */
import { refusalRecordsBurstMax, refusalRecordsPerSecond } from '../../../config/base/admin-limits.js';
import type { Clock } from '../../../config/base/clock.js';
import { RateLimit } from './rate-limit.js';

export class RefusalRecords {
  readonly #limit: RateLimit;
  #leftOut = 0;

  constructor(clock: Clock) {
    this.#limit = new RateLimit(clock, refusalRecordsBurstMax, refusalRecordsPerSecond);
  }

  /** `who`: a caller, or the group of an address. null: not to be written; else how many were left out before. */
  next(who: string): number | null {
    if (!this.#limit.take(who)) {
      this.#leftOut += 1;
      return null;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}
