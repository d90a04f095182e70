// HOT: measured by test/bench/main.ts
import { idleUpstreamConnectionsMax, idleUpstreamDotnetMs, idleUpstreamMs } from '../../config/base/limits.js';
import type { UpstreamOptions } from '../http1/forward.js';
import type { ProxyCore } from './core.js';
import type { Exchange } from './exchange.js';
import { HttpUpstream } from './http-upstream.js';
import type { Transport } from './upstream.js';
import type { Worker } from './worker.js';

const keepAliveMarginMs = 1_000;

/**
 * Connections to one out-of-process worker. Idle ones are used last in, first out, and retired before the
 * worker would: a request must not meet a connection that is being closed.
 */
export class HttpPool implements Transport {
  readonly core: ProxyCore;
  readonly options: UpstreamOptions;
  readonly #worker: Worker;
  readonly #host: string;
  readonly #port: number;
  readonly #idle: HttpUpstream[] = [];
  readonly #all = new Set<HttpUpstream>();
  #isLeaving = false;

  constructor(worker: Worker, core: ProxyCore, host: string, port: number, options: UpstreamOptions) {
    this.#worker = worker;
    this.core = core;
    this.#host = host;
    this.#port = port;
    this.options = options;
  }

  get isReady(): boolean {
    return !this.#isLeaving;
  }

  begin(exchange: Exchange): HttpUpstream {
    // A retry goes out on a fresh connection: the idle ones may all have met the same end.
    const kept = exchange.retries === 0 ? this.#takeIdle() : undefined;
    const connection = kept ?? this.#connect(exchange.application?.route?.requestTimeoutMs ?? 0);
    connection.request(exchange, kept !== undefined);
    return connection;
  }

  probe(): void {
    // The total in flight of a worker is known only where the host tells it.
  }

  drain(): void {
    this.#isLeaving = true;
    for (const connection of this.#idle.slice()) connection.close();
  }

  close(): void {
    this.#isLeaving = true;
    for (const connection of this.#all) connection.lose();
  }

  /** @returns false when the connection is not worth keeping. */
  keep(connection: HttpUpstream, keepAliveSeconds: number): boolean {
    if (this.#isLeaving || this.#idle.length >= idleUpstreamConnectionsMax) return false;
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

  refused(error: string): void {
    this.core.unreachable(this.#worker, error);
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
    return this.#worker.application.route?.isDotnet === true ? idleUpstreamDotnetMs : idleUpstreamMs;
  }

  #connect(requestTimeoutMs: number): HttpUpstream {
    const connection = new HttpUpstream(this, this.#host, this.#port, requestTimeoutMs);
    this.#all.add(connection);
    return connection;
  }
}
