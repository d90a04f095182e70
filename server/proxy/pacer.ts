import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { pacerTickMs } from '../../config/base/limits.js';

/** The bandwidth that one client and its site have together. */
export interface Pace {
  /** Counts bytes of an answer. @returns ms that the rest has to wait; 0 = none. */
  spend(bytes: number): number;
  debtMs(): number;
}

interface Turn {
  readonly atMs: number;
  readonly run: () => void;
}

/** Answers and requests that wait for bandwidth: one timer for all of them, none when nobody waits. */
export class Pacer {
  readonly #clock: Clock;
  readonly #turns = new Set<Turn>();
  #isTicking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const turn: Turn = { atMs: this.#clock.monotonicMs() + delayMs, run };
    this.#turns.add(turn);
    if (!this.#isTicking) this.#tickLater();
    return () => this.#turns.delete(turn);
  }

  #tickLater(): void {
    this.#isTicking = true;
    this.#clock.setTimer(pacerTickMs, () => this.#tick());
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const turn of this.#turns) {
      if (turn.atMs > nowMs) continue;
      this.#turns.delete(turn);
      turn.run();
    }
    this.#isTicking = false;
    if (this.#turns.size > 0) this.#tickLater();
  }
}
