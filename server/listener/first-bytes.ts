import type { Socket } from 'node:net';
import { newConnectionTimeoutMs } from '../../config/base/limits.js';
import { connectionPreface } from '../http2/codes.js';
import type { Expiring } from '../proxy/deadlines.js';
import { adoptSocket, type AdoptSocket, type ByteSink, readUnread } from '../proxy/raw-socket.js';
import type { ConnectionContext, ListenerConnection } from './context.js';
import { idleSince } from './idle.js';

const preface = Buffer.from(connectionPreface, 'latin1');
const nothing = Buffer.alloc(0);

/** Makes the connection that takes the socket over by `adopt`. */
export type OpenConnection = (isHttp2: boolean, socket: Socket, adopt: AdoptSocket) => void;

/**
 * A connection on a port where HTTP/2 may come without TLS: it is what its first bytes are (RFC 9113 3.3). Then it
 * only passes on what happens on its socket.
 */
export class FirstBytes implements ByteSink, ListenerConnection, Expiring {
  readonly activity = 'idle';
  readonly requests = 0;
  deadlineMs: number;
  deadlineIndex = -1;
  readonly #context: ConnectionContext;
  readonly #open: OpenConnection;
  readonly #socket: Socket;
  readonly #sinceMs: number;
  #held: Buffer = nothing;
  #next: ByteSink | null = null;

  constructor(accepted: Socket, context: ConnectionContext, open: OpenConnection) {
    this.#context = context;
    this.#open = open;
    this.#sinceMs = context.deadlines.nowMs;
    this.deadlineMs = this.#sinceMs + newConnectionTimeoutMs;
    this.#socket = adoptSocket(accepted, this);
    context.deadlines.add(this);
  }

  get idleSinceMs(): number {
    return this.#next === null ? idleSince(this.#sinceMs, true, this.#context.clock) : Infinity;
  }

  onBytes(buffer: Buffer, length: number): void {
    if (this.#next !== null) return this.#next.onBytes(buffer, length);
    const isFirst = this.#held === nothing;
    const bytes = isFirst ? buffer.subarray(0, length) : Buffer.concat([this.#held, buffer.subarray(0, length)]);
    const compared = Math.min(bytes.length, preface.length);
    const isPreface = bytes.compare(preface, 0, compared, 0, compared) === 0;
    if (!isPreface || compared === preface.length) return this.#decide(isPreface, bytes);
    this.#held = Buffer.from(bytes);
    if (isFirst) this.deadlineMs = this.#context.clock.monotonicMs() + this.#context.routing.headerWaitTimeoutMs;
  }

  onEnd(): void {
    if (this.#next === null) this.#socket.destroy();
    else this.#next.onEnd();
  }

  onDrain(): void {
    this.#next?.onDrain();
  }

  onClosed(code: string): void {
    if (this.#next !== null) return this.#next.onClosed(code);
    this.#leave();
  }

  onDeadline(): void {
    this.#socket.destroy();
  }

  closeIfIdle(): void {
    if (this.#next === null) this.#socket.destroy();
  }

  readUnread(): void {
    readUnread(this.#socket, this);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  routesChanged(): void {}

  #leave(): void {
    this.#context.deadlines.remove(this);
    this.#context.closed(this);
  }

  #decide(isHttp2: boolean, bytes: Buffer): void {
    this.#open(isHttp2, this.#socket, (socket, sink) => {
      this.#next = sink;
      return socket;
    });
    this.#held = nothing;
    this.#leave();
    this.#next?.onBytes(bytes, bytes.length);
  }
}
