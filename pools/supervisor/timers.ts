import type { CancelTimer, Clock } from '../../config/base/clock.js';

/** Every timer of the supervisor, keyed by owner and name: an owner that ends takes its timers with it. */
export class Timers {
  readonly #clock: Clock;
  readonly #owners = new Map<string, Map<string, CancelTimer>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Replaces a timer of the same owner and name. */
  set(owner: string, name: string, delayMs: number, fire: () => void): void {
    this.cancel(owner, name);
    const cancel = this.#clock.setTimer(delayMs, () => {
      this.#forget(owner, name);
      fire();
    });
    const names = this.#owners.get(owner) ?? new Map<string, CancelTimer>();
    names.set(name, cancel);
    this.#owners.set(owner, names);
  }

  cancel(owner: string, name: string): void {
    this.#owners.get(owner)?.get(name)?.();
    this.#forget(owner, name);
  }

  cancelAll(owner: string): void {
    for (const cancel of this.#owners.get(owner)?.values() ?? []) cancel();
    this.#owners.delete(owner);
  }

  /** Owners that have a timer now, for checks of the books. */
  owners(): readonly string[] {
    return [...this.#owners.keys()];
  }

  #forget(owner: string, name: string): void {
    const names = this.#owners.get(owner);
    names?.delete(name);
    if (names?.size === 0) this.#owners.delete(owner);
  }
}
