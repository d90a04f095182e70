/** Names come from clients: how many new ones are listened to, and how often those that cannot be had make work. */
import { acmeGivenUpMax, acmeGivenUpRestMs } from '../../../config/base/certificate-limits.js';
import type { Clock } from '../../../config/base/clock.js';
import { acmeOnDemandPerHour } from '../../../config/base/limits.js';

const hourMs = 3_600_000;

export class ClientNames {
  readonly #clock: Clock;
  #hour = { sinceMs: 0, count: 0 };
  /** Until when, of the monotonic clock. The oldest first. */
  readonly #givenUp = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One more that nothing is stored for; false: enough for this hour. */
  mayLearn(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#hour.sinceMs > hourMs) this.#hour = { sinceMs: nowMs, count: 0 };
    this.#hour.count += 1;
    return this.#hour.count <= acmeOnDemandPerHour;
  }

  isGivenUp(name: string): boolean {
    return this.#clock.monotonicMs() < (this.#givenUp.get(name) ?? 0);
  }

  /** Whoever points at a name that cannot be had makes work once in a rest, not for ever. */
  giveUp(name: string): void {
    this.#givenUp.delete(name);
    this.#givenUp.set(name, this.#clock.monotonicMs() + acmeGivenUpRestMs);
    if (this.#givenUp.size > acmeGivenUpMax) this.#givenUp.delete(this.#givenUp.keys().next().value ?? '');
  }

  /** Another authority, or other names are allowed: all may be asked for again. */
  forgetGivenUp(): void {
    this.#givenUp.clear();
  }
}
