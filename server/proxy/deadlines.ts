import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { deadlineTickMs } from '../../config/base/limits.js';

/** Something that may run out of time: connections, waiting requests, idle upstream connections. */
export interface Expiring {
  /** Monotonic ms; Infinity = none. Moving it is a plain assignment: the hot path sets no timers. */
  deadlineMs: number;
  /** Place in the wheel; owned by `Deadlines`, -1 = not in it. */
  deadlineIndex: number;
  /** The deadline passed. It must be moved (or the item removed), or this is called again next tick. */
  onDeadline(nowMs: number): void;
}

/**
 * One coarse timer for a whole listener: every tick it looks at all members. A deadline is met up to
 * one tick late, which is nothing beside limits of seconds, and costs a request no timer at all.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #items: Expiring[] = [];
  readonly #fire = (): void => this.tick();
  #cancel: CancelTimer | null = null;
  /** Monotonic ms, up to one tick old: good enough to set a deadline by, and free. */
  nowMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.nowMs = clock.monotonicMs();
  }

  /** The deadline of something that has `ms` from now on, whatever the age of `nowMs`. */
  in(ms: number): number {
    return this.nowMs + deadlineTickMs + ms;
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: Expiring): void {
    if (item.deadlineIndex >= 0) return;
    item.deadlineIndex = this.#items.length;
    this.#items.push(item);
    if (this.#cancel !== null) return;
    this.nowMs = this.#clock.monotonicMs();
    this.#cancel = this.#clock.setTimer(deadlineTickMs, this.#fire);
  }

  remove(item: Expiring): void {
    const index = item.deadlineIndex;
    if (index < 0) return;
    item.deadlineIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    last.deadlineIndex = index;
    this.#items[index] = last;
  }

  /** Backwards, so that a removal (the last item moves into the gap) never skips one. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.nowMs = nowMs;
    for (let index = this.#items.length - 1; index >= 0; index -= 1) {
      const item = this.#items[index];
      if (item !== undefined && nowMs >= item.deadlineMs) item.onDeadline(nowMs);
    }
    this.#cancel = this.#items.length === 0 ? null : this.#clock.setTimer(deadlineTickMs, this.#fire);
  }
}
