import type { CancelTimer, Clock } from '../../config/base/clock.js';

interface FakeTimer {
  readonly atMs: number;
  readonly number: number;
  readonly fire: () => void;
}

/** Time that only moves when a test moves it. Timers of the same instant fire in the order they were set. */
export class FakeClock implements Clock {
  readonly #timers = new Set<FakeTimer>();
  #nowMs = 1_000;
  #set = 0;
  #wallOffsetMs = 1_700_000_000_000;

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  /** Somebody sets the wall clock; timers do not notice. */
  setWall(wallMs: number): void {
    this.#wallOffsetMs = wallMs - this.#nowMs;
  }

  setTimer(delayMs: number, fire: () => void): CancelTimer {
    const timer: FakeTimer = { atMs: this.#nowMs + Math.max(0, delayMs), number: ++this.#set, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves time forward and fires what is due. Between two timers all promises that are settled run
   * their reactions, as they would between two turns of a real event loop.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await reactions();
    for (let next = this.#earliest(endMs); next !== null; next = this.#earliest(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
      await reactions();
    }
    this.#nowMs = endMs;
  }

  #earliest(endMs: number): FakeTimer | null {
    let found: FakeTimer | null = null;
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue;
      if (found === null || timer.atMs < found.atMs || (timer.atMs === found.atMs && timer.number < found.number)) {
        found = timer;
      }
    }
    return found;
  }
}

/** Lets promise reactions run; a chain of a few `then`s is the longest one anything here has. */
export async function reactions(): Promise<void> {
  for (let round = 0; round < 6; round += 1) await Promise.resolve();
}
