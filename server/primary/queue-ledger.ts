/**
 * The books of every pool's request queue. Requests wait in listeners; the right to wait is claimed here,
 * so that `queueLength` is one number per pool whatever the number of listeners. A listener that dies
 * gives back what it held.
 */
export class QueueLedger {
  readonly #limits = new Map<string, number>();
  /** pool -> listener -> claims held. */
  readonly #held = new Map<string, Map<number, number>>();

  /** The pools of the configuration that serves; claims of a removed pool are forgotten. */
  configure(pools: readonly { readonly name: string; readonly queueLength: number }[]): void {
    this.#limits.clear();
    for (const pool of pools) this.#limits.set(pool.name, pool.queueLength);
    for (const name of this.#held.keys()) if (!this.#limits.has(name)) this.#held.delete(name);
  }

  /** How many of `count` further requests may wait. */
  claim(listenerId: number, pool: string, count: number): number {
    const limit = this.#limits.get(pool);
    if (limit === undefined) return 0;
    const granted = Math.max(0, Math.min(count, limit - this.waiting(pool)));
    if (granted === 0) return 0;
    const held = this.#held.get(pool) ?? new Map<number, number>();
    held.set(listenerId, (held.get(listenerId) ?? 0) + granted);
    this.#held.set(pool, held);
    return granted;
  }

  /** Never more than the listener holds: it may also have let requests wait without an answer from here. */
  release(listenerId: number, pool: string, count: number): void {
    const held = this.#held.get(pool);
    if (held === undefined) return;
    const left = (held.get(listenerId) ?? 0) - count;
    if (left > 0) held.set(listenerId, left);
    else held.delete(listenerId);
  }

  forget(listenerId: number): void {
    for (const held of this.#held.values()) held.delete(listenerId);
  }

  waiting(pool: string): number {
    let sum = 0;
    for (const count of this.#held.get(pool)?.values() ?? []) sum += count;
    return sum;
  }
}
