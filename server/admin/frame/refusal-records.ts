/**
 * How often a refusal becomes a record: the log of changes is kept in a few files, and whoever can reach the listener
 * could push every real change out of it by asking for what is refused.
 */
import {
  refusalRecordsBurstMax,
  refusalRecordsPerSecond,
  refusalSourcesMax,
} from '../../../config/base/admin-limits.js';
import type { Clock } from '../../../config/base/clock.js';
import { addressGroup } from './address-group.js';
import type { AdminCaller } from './caller.js';
import { RateLimit } from './rate-limit.js';

export class RefusalRecords {
  readonly #limit: RateLimit;
  /** Of all without a name together: addresses cost somebody with a network nothing. */
  readonly #nameless: RateLimit;
  #leftOut = 0;

  constructor(clock: Clock) {
    this.#limit = new RateLimit(clock, refusalRecordsBurstMax, refusalRecordsPerSecond);
    const times = refusalSourcesMax;
    this.#nameless = new RateLimit(clock, times * refusalRecordsBurstMax, times * refusalRecordsPerSecond);
  }

  /** null: not to be written; else how many were left out before. */
  next(caller: AdminCaller | null, address: string): number | null {
    const who = caller === null ? `address ${addressGroup(address)}` : `caller ${caller.name}`;
    if (!this.#limit.take(who) || (caller === null && !this.#nameless.take(''))) {
      this.#leftOut += 1;
      return null;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}
