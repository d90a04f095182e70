import { idleUpstreamDotnetMs, idleUpstreamMs } from '../../config/base/limits.js';
import type { RouteApplication } from '../../pools/protocol/snapshot.js';
import type { UpstreamOptions } from '../http1/forward.js';
import type { ProxyCore } from './core.js';
import type { Exchange } from './exchange.js';
import { H2cConnection } from './h2c-connection.js';
import { H2cUpstream } from './h2c-upstream.js';
import { type HttpEndpoint, upstreamOptions } from './http-pool.js';
import type { SocketAddress } from './raw-socket.js';
import type { Transport } from './upstream.js';
import type { Worker } from './worker.js';

/**
 * Connections to one out-of-process worker that speaks HTTP/2 with prior knowledge (`hosting.protocol: h2c`): one as a
 * rule, another when the worker's limit of streams is reached.
 */
export class H2cPool implements Transport {
  readonly core: ProxyCore;
  readonly address: SocketAddress;
  /** Streams that one connection takes: what the worker said last, at first what RFC 9113 6.5.2 recommends to allow. */
  streamsMax = 100;
  readonly #worker: Worker;
  readonly #pairingToken: string;
  #route: RouteApplication | null = null;
  #options: UpstreamOptions;
  readonly #connections = new Set<H2cConnection>();
  #isLeaving = false;

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

  /** How long a connection without requests is kept. */
  get idleMs(): number {
    if (this.#isLeaving) return 0;
    return this.#worker.application.route?.isDotnet === true ? idleUpstreamDotnetMs : idleUpstreamMs;
  }

  begin(exchange: Exchange): H2cUpstream {
    const connection = this.#connectionFor(exchange);
    const upstream = new H2cUpstream(this, connection, exchange);
    connection.begin(upstream, exchange.request.upgradeWebSocket);
    return upstream;
  }

  probe(): void {
    // The total in flight of a worker is known only where the host tells it.
  }

  drain(): void {
    this.#isLeaving = true;
    for (const connection of this.#connections) connection.drain();
  }

  close(): void {
    this.#isLeaving = true;
    for (const connection of this.#connections) connection.lose();
  }

  forget(connection: H2cConnection): void {
    this.#connections.delete(connection);
  }

  refused(error: string): void {
    this.core.unreachable(this.#worker, error);
  }

  /** A retry goes out on a fresh connection. */
  #connectionFor(exchange: Exchange): H2cConnection {
    if (exchange.retries === 0) for (const connection of this.#connections) if (connection.canOpen) return connection;
    const connection = new H2cConnection(this);
    this.#connections.add(connection);
    return connection;
  }
}
