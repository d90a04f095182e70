import { startGateHoldMs } from '../../config/base/limits.js';
import type { Timers } from './timers.js';

/**
 * The node-wide limit of concurrent starts, first come first served. A start that takes long gives its
 * place back (`startGateHoldMs`) and goes on, so that one tenant's slow app holds nobody up.
 */
export class StartGate {
  readonly #timers: Timers;
  readonly #waiting = new Map<number, () => void>();
  readonly #inside = new Set<number>();
  #places = 1;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  setPlaces(places: number): void {
    this.#places = Math.max(1, places);
    this.#admit();
  }

  enter(workerId: number, granted: () => void): void {
    this.#waiting.set(workerId, granted);
    this.#admit();
  }

  /** Harmless for a worker that is not in it. */
  leave(workerId: number): void {
    this.#waiting.delete(workerId);
    if (!this.#inside.delete(workerId)) return;
    this.#timers.cancel(owner(workerId), 'hold');
    this.#admit();
  }

  /** Workers that are starting and hold a place. */
  get inside(): number {
    return this.#inside.size;
  }

  #admit(): void {
    for (const [workerId, granted] of this.#waiting) {
      if (this.#inside.size >= this.#places) return;
      this.#waiting.delete(workerId);
      this.#inside.add(workerId);
      this.#timers.set(owner(workerId), 'hold', startGateHoldMs, () => this.leave(workerId));
      granted();
    }
  }
}

function owner(workerId: number): string {
  return `gate:${workerId}`;
}
