import type { Socket } from 'node:net';
import type { Clock } from '../../config/base/clock.js';
import { plainAddress } from '../proxy/raw-socket.js';
import type { ProxySource } from './client-context.js';
import { idleSince } from './idle.js';
import type { Closable } from './overload.js';

/** A connection that was accepted and that HTTP is not read from yet: its client owes a PROXY header or a handshake. */
export class Arrival implements Closable {
  readonly requests = 0;
  readonly socket: Socket;
  /** Monotonic ms. */
  readonly acceptedMs: number;
  /** Who a load balancer says the client is. */
  source: ProxySource = null;
  readonly #clock: Clock;
  readonly #gone: () => void;

  /** `gone`: the socket is closed. */
  constructor(socket: Socket, clock: Clock, gone: () => void) {
    this.socket = socket;
    this.acceptedMs = clock.monotonicMs();
    this.#clock = clock;
    this.#gone = gone;
    socket.once('close', gone);
  }

  /** Of the client, as it counts in limits. */
  get address(): string {
    return this.source?.address ?? plainAddress(this.socket.remoteAddress);
  }

  /** However far it has come: when descriptors are short, who takes the longest goes first. */
  get idleSinceMs(): number {
    return idleSince(this.acceptedMs, true, this.#clock);
  }

  get hasSpoken(): boolean {
    return this.socket.bytesRead > 0;
  }

  /** Who has taken too long may lose what has come at last. */
  readUnread(): void {}

  destroy(): void {
    this.socket.destroy();
  }

  /** The socket is a connection's from now on. */
  handOver(): void {
    this.socket.off('close', this.#gone);
  }
}
