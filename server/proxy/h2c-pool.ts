import type { Exchange } from './exchange.js';
import { H2cConnection } from './h2c-connection.js';
import { H2cUpstream } from './h2c-upstream.js';
import { OutOfProcessPool } from './out-of-process-pool.js';
import type { Transport } from './upstream.js';

/**
 * Connections to one out-of-process worker that speaks HTTP/2 with prior knowledge (`hosting.protocol: h2c`): one as a
 * rule, another when the worker's limit of streams is reached.
 */
export class H2cPool extends OutOfProcessPool implements Transport {
  /** Streams that one connection takes: what the worker said last, at first what RFC 9113 6.5.2 recommends to allow. */
  streamsMax = 100;
  readonly #connections = new Set<H2cConnection>();

  /** How long a connection without requests is kept. */
  get idleMs(): number {
    if (this.isLeaving) return 0;
    return this.usualIdleMs;
  }

  begin(exchange: Exchange): H2cUpstream {
    const connection = this.connectionFor(exchange.retries > 0);
    const upstream = new H2cUpstream(this, connection, exchange);
    connection.begin(upstream, exchange.request.upgradeWebSocket);
    return upstream;
  }

  drain(): void {
    this.isLeaving = true;
    for (const connection of this.#connections) connection.drain();
  }

  close(): void {
    this.isLeaving = true;
    for (const connection of this.#connections) connection.lose();
  }

  forget(connection: H2cConnection): void {
    this.#connections.delete(connection);
  }

  /** `isFresh`: a retry goes out on a connection of its own. */
  connectionFor(isFresh: boolean): H2cConnection {
    if (!isFresh) for (const connection of this.#connections) if (connection.canOpen) return connection;
    const connection = new H2cConnection(this);
    this.#connections.add(connection);
    return connection;
  }
}
