// HOT: measured by test/bench/main.ts
import { idleUpstreamConnectionsMax, idleUpstreamDotnetMs, idleUpstreamMs } from '../../config/base/limits.js';
import type { RouteApplication, UpstreamEndpoint } from '../../pools/protocol/snapshot.js';
import type { UpstreamOptions } from '../http1/forward.js';
import type { ProxyCore } from './core.js';
import type { Exchange } from './exchange.js';
import { HttpUpstream } from './http-upstream.js';
import type { SocketAddress } from './raw-socket.js';
import type { Transport } from './upstream.js';
import type { Worker } from './worker.js';

export type HttpEndpoint = Exclude<UpstreamEndpoint, { kind: 'link' }>;

const keepAliveMarginMs = 1_000;
/** A worker whose socket has no room for another connection gets the next one after this time. */
const busyRestMs = 50;

/**
 * Connections to one out-of-process worker. Idle ones are used last in, first out, and retired before the
 * worker would: a request must not meet a connection that is being closed.
 */
export class HttpPool implements Transport {
  readonly core: ProxyCore;
  readonly address: SocketAddress;
  readonly #worker: Worker;
  readonly #pairingToken: string;
  /** The routes by which `options` were made. */
  #route: RouteApplication | null = null;
  #options: UpstreamOptions;
  readonly #idle: HttpUpstream[] = [];
  readonly #all = new Set<HttpUpstream>();
  #isLeaving = false;
  #isBusy = false;

  constructor(worker: Worker, core: ProxyCore, endpoint: HttpEndpoint) {
    this.#worker = worker;
    this.core = core;
    this.address = endpoint.kind === 'unix' ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
    this.#pairingToken = endpoint.pairingToken;
    this.#options = upstreamOptions(null, this.#pairingToken);
  }

  /** How requests are forwarded, by the newest routes. */
  get options(): UpstreamOptions {
    const { route } = this.#worker.application;
    if (route !== this.#route) {
      this.#route = route;
      this.#options = upstreamOptions(route, this.#pairingToken);
    }
    return this.#options;
  }

  get isReady(): boolean {
    return !this.#isLeaving;
  }

  begin(exchange: Exchange): HttpUpstream {
    // A retry goes out on a fresh connection: the idle ones may all have met the same end.
    const kept = exchange.retries === 0 ? this.#takeIdle() : undefined;
    const connection = kept ?? this.#connect();
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

  /** It serves what it has; the others wait a moment in line. */
  busy(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#worker.restUntilMs = Infinity;
    this.core.clock.setTimer(busyRestMs, () => {
      this.#isBusy = false;
      this.core.workerReady(this.#worker);
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
    return this.#worker.application.route?.isDotnet === true ? idleUpstreamDotnetMs : idleUpstreamMs;
  }

  #connect(): HttpUpstream {
    const connection = new HttpUpstream(this);
    this.#all.add(connection);
    return connection;
  }
}

/** How requests to a worker with this token are forwarded. */
export function upstreamOptions(route: RouteApplication | null, pairingToken: string): UpstreamOptions {
  return {
    pairingToken,
    forwardedPort: route?.forwardedPort ?? false,
    forwardedForAppend: route?.forwardedForAppend ?? false,
  };
}
