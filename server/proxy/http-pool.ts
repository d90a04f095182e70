// HOT: measured by test/bench/main.ts
import { idleUpstreamConnectionsMax } from '../../config/base/limits.js';
import type { Exchange } from './exchange.js';
import { HttpUpstream } from './http-upstream.js';
import { OutOfProcessPool } from './out-of-process-pool.js';
import type { Transport } from './upstream.js';

const keepAliveMarginMs = 1_000;
/** A worker whose socket has no room for another connection gets the next one after this time. */
const busyRestMs = 50;

/**
 * Connections to one out-of-process worker. Idle ones are used last in, first out, and retired before the
 * worker would: a request must not meet a connection that is being closed.
 */
export class HttpPool extends OutOfProcessPool implements Transport {
  readonly #idle: HttpUpstream[] = [];
  readonly #all = new Set<HttpUpstream>();
  #isBusy = false;

  begin(exchange: Exchange): HttpUpstream {
    // A retry goes out on a fresh connection: the idle ones may all have met the same end.
    const kept = exchange.retries === 0 ? this.#takeIdle() : undefined;
    const connection = kept ?? this.#connect();
    connection.request(exchange, kept !== undefined);
    return connection;
  }

  drain(): void {
    this.isLeaving = true;
    for (const connection of this.#idle.slice()) connection.close();
  }

  close(): void {
    this.isLeaving = true;
    for (const connection of this.#all) connection.lose();
  }

  /** @returns false when the connection is not worth keeping. */
  keep(connection: HttpUpstream, keepAliveSeconds: number): boolean {
    if (this.isLeaving || this.#idle.length >= idleUpstreamConnectionsMax) return false;
    const idleMs = this.#idleMs(keepAliveSeconds);
    if (idleMs <= 0) return false;
    connection.deadlineMs = this.core.deadlines.nowMs + idleMs;
    this.#idle.push(connection);
    return true;
  }

  forget(connection: HttpUpstream): void {
    if (!this.#all.delete(connection)) return;
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** It serves what it has; the others wait a moment in line. */
  busy(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.worker.restUntilMs = Infinity;
    this.core.clock.setTimer(busyRestMs, () => {
      this.#isBusy = false;
      this.core.workerReady(this.worker);
    });
  }

  /** The deadlines are looked at once per tick, which may be late: a connection whose time is over is not used. */
  #takeIdle(): HttpUpstream | undefined {
    if (this.#idle.length === 0) return undefined;
    const nowMs = this.core.clock.monotonicMs();
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
      if (nowMs < kept.deadlineMs) {
        kept.deadlineMs = Infinity;
        return kept;
      }
      kept.close();
    }
    return undefined;
  }

  #idleMs(keepAliveSeconds: number): number {
    if (keepAliveSeconds >= 0) return keepAliveSeconds * 1_000 - keepAliveMarginMs;
    return this.usualIdleMs;
  }

  #connect(): HttpUpstream {
    const connection = new HttpUpstream(this);
    this.#all.add(connection);
    return connection;
  }
}
