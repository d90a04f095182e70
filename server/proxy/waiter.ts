import type { Exchange } from './exchange.js';
import type { ApplicationState, PoolState } from './worker.js';

/**
 * Claiming: in line, the right to wait is being asked for. Waiting: may wait. Left: served, refused or
 * gone; the object is garbage once its claim is answered.
 */
export type WaiterState = 'claiming' | 'waiting' | 'left';

/** One request in the line of its application. Made only on the slow path: a request that finds a slot has none. */
export class Waiter {
  readonly exchange: Exchange;
  readonly application: ApplicationState;
  readonly pool: PoolState;
  readonly sinceMs: number;
  state: WaiterState = 'claiming';
  /** The primary counts it: leaving must be released. */
  isGranted = false;
  next: Waiter | null = null;
  previous: Waiter | null = null;

  constructor(exchange: Exchange, application: ApplicationState, pool: PoolState, sinceMs: number) {
    this.exchange = exchange;
    this.application = application;
    this.pool = pool;
    this.sinceMs = sinceMs;
  }
}

/** In the order of the requests' arrival; anybody in the line may leave it in constant time. */
export class WaitList {
  first: Waiter | null = null;
  #last: Waiter | null = null;
  size = 0;

  push(waiter: Waiter): void {
    this.#insert(waiter, this.#last, null);
  }

  /** Of a request that had its turn once already: in front of all that came later. */
  pushAgain(waiter: Waiter): void {
    let next = this.first;
    while (next !== null && next.exchange.startedMs <= waiter.exchange.startedMs) next = next.next;
    this.#insert(waiter, next === null ? this.#last : next.previous, next);
  }

  #insert(waiter: Waiter, previous: Waiter | null, next: Waiter | null): void {
    waiter.previous = previous;
    waiter.next = next;
    if (previous === null) this.first = waiter;
    else previous.next = waiter;
    if (next === null) this.#last = waiter;
    else next.previous = waiter;
    this.size += 1;
  }

  remove(waiter: Waiter): void {
    const { previous, next } = waiter;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    waiter.next = null;
    waiter.previous = null;
    this.size -= 1;
  }
}
