/** recycling.periodicRestart.schedule: local times of day at which the workers of a pool are replaced. */
import type { Clock } from '../../config/base/clock.js';
import type { PoolBook } from './books.js';
import type { Timers } from './timers.js';

/** Wall clocks jump and timers run on the monotonic one: no timer is longer than this. */
const lookAgainMs = 30_000;
/** A clock that is set back meets the same occurrence again: not so soon, on the monotonic clock. */
const againMs = 43_200_000;

/**
 * The first of these times of day (milliseconds after midnight, in this process's time zone) after `wallMs`; null
 * without any. A time that the change to summer time skips comes an hour later; one that is repeated counts once.
 */
export function nextOccurrenceMs(timesOfDay: readonly number[], wallMs: number): number | null {
  const times = timesOfDay.map((ms) => {
    const today = atTimeOfDay(wallMs, 0, ms);
    return today > wallMs ? today : atTimeOfDay(wallMs, 1, ms);
  });
  return times.length === 0 ? null : Math.min(...times);
}

function atTimeOfDay(wallMs: number, daysLater: number, ms: number): number {
  const date = new Date(wallMs);
  const seconds = Math.floor(ms / 1_000);
  const day = date.getDate() + daysLater;
  const hours = Math.floor(seconds / 3_600);
  return new Date(
    date.getFullYear(),
    date.getMonth(),
    day,
    hours,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ).getTime();
}

export class Schedules {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #due: (pool: PoolBook) => void;
  /** The occurrence that was due last, and when that was; by key of the pool. */
  readonly #last = new Map<string, { readonly atMs: number; readonly monotonicMs: number }>();

  constructor(clock: Clock, timers: Timers, due: (pool: PoolBook) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#due = due;
  }

  /** Sets or clears the pool's timer by its configuration. */
  arm(pool: PoolBook): void {
    const now = this.#clock.wallMs();
    const atMs = nextOccurrenceMs(pool.config.recycling.periodicRestartScheduleMs, now);
    if (atMs === null || pool.removed) this.disarm(pool);
    else this.#wait(pool, atMs);
  }

  disarm(pool: PoolBook): void {
    this.#timers.cancel(pool.key, 'schedule');
    this.#last.delete(pool.key);
  }

  #wait(pool: PoolBook, atMs: number): void {
    const delayMs = Math.min(lookAgainMs, Math.max(0, atMs - this.#clock.wallMs()));
    this.#timers.set(pool.key, 'schedule', delayMs, () => {
      if (this.#clock.wallMs() >= atMs && !this.#isOver(pool, atMs)) {
        this.#last.set(pool.key, { atMs, monotonicMs: this.#clock.monotonicMs() });
        this.#due(pool);
      }
      this.arm(pool);
    });
  }

  #isOver(pool: PoolBook, atMs: number): boolean {
    const last = this.#last.get(pool.key);
    return last !== undefined && atMs <= last.atMs && this.#clock.monotonicMs() - last.monotonicMs < againMs;
  }
}
