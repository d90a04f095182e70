// HOT: measured by test/bench/main.ts
import type { Socket } from 'node:net';
import { abandonedTimeMs } from '../../config/base/http2-limits.js';
import { writeQueueHighBytes } from '../../config/base/limits.js';
import { announcedTrailersOf, trailerBlock, upstreamRequestHead } from '../http1/forward.js';
import type { Expiring } from './deadlines.js';
import type { Exchange } from './exchange.js';
import type { HttpPool } from './http-pool.js';
import { type ByteSink, connectSocket, saveLastBytes } from './raw-socket.js';
import { SocketOutput } from './socket-output.js';
import type { AbortCause, LossCause, Upstream } from './upstream.js';

/**
 * One HTTP/1.1 connection to an out-of-process worker: one request at a time, kept for the next one. The
 * worker never sees a half-close: it would take that for a disconnect.
 */
export class HttpUpstream implements Upstream, ByteSink, Expiring {
  readonly announcesEnd = false;
  deadlineMs = Infinity;
  deadlineIndex = -1;
  readonly #pool: HttpPool;
  readonly #socket: Socket;
  readonly #output: SocketOutput;
  #exchange: Exchange | null = null;
  #isConnected = false;
  #isReused = false;
  #isChunked = false;
  #isTunnel = false;
  #isBodyHeld = false;
  #hasAnswered = false;
  #isClosed = false;
  /** Of the request's application; 0 = no limit between two operations. */
  #requestTimeoutMs = 0;
  #isFlushDue = false;
  readonly #endOfTurn = (): void => {
    this.#isFlushDue = false;
    this.#output.flush();
  };
  /** The client has gone, the worker may still be at work: told when this connection ends. */
  #over: (() => void) | null = null;

  constructor(pool: HttpPool) {
    this.#pool = pool;
    this.#socket = connectSocket(pool.address, this, () => {
      this.#isConnected = true;
      this.#exchange?.onUpstreamReady();
    });
    saveLastBytes(this.#socket, (buffer, length) => this.onBytes(buffer, length));
    this.#output = new SocketOutput(this.#socket);
    pool.core.deadlines.add(this);
  }

  get takesBody(): boolean {
    return this.#isConnected;
  }

  request(exchange: Exchange, isReused: boolean): void {
    this.#exchange = exchange;
    this.#isReused = isReused;
    this.#hasAnswered = false;
    this.#isBodyHeld = false;
    this.#requestTimeoutMs = exchange.application?.route?.requestTimeoutMs ?? 0;
    const { request, client } = exchange;
    this.#isChunked = request.framing === 'chunked';
    this.#output.text(upstreamRequestHead(request, client.forward, this.#pool.options));
    this.#output.flush();
    this.#touch();
  }

  body(buffer: Buffer, start: number, end: number): boolean {
    const output = this.#output;
    if (this.#isChunked && !this.#isTunnel) output.chunk(buffer, start, end);
    else output.bytes(buffer, start, end);
    this.#flushBody();
    this.#touch();
    this.#isBodyHeld = output.backlog >= writeQueueHighBytes;
    return !this.#isBodyHeld;
  }

  endBody(trailers: readonly string[] | null): void {
    if (!this.#isChunked) return;
    const exchange = this.#exchange;
    this.#output.text(trailerBlock(exchange === null ? null : announcedTrailersOf(exchange.request, trailers)));
    this.#flushBody();
    this.#touch();
  }

  /** A client may have its streams' DATA in pieces as small and as mixed as it likes: each of them is no write of its own. */
  #flushBody(): void {
    if (this.#exchange?.client.isStream !== true) return this.#output.flush();
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(this.#endOfTurn);
  }

  abort(cause: AbortCause, over: (() => void) | null): boolean {
    this.#exchange = null;
    this.#output.flush();
    // What the client said last in a tunnel still reaches the worker; a request just ends.
    if (this.#isTunnel && cause === 'fin') this.#socket.destroySoon();
    else if (over !== null && this.#mayLetGo) {
      this.#letGo(over);
      return true;
    } else this.#socket.destroy();
    this.#forget();
    return false;
  }

  /** The end would stand behind bytes that the worker does not read. */
  get #mayLetGo(): boolean {
    return this.#isConnected && !this.#isClosed && this.#output.backlog === 0;
  }

  /** The worker takes the end for a disconnect. When it is through with the request it ends the connection too, or answers. */
  #letGo(over: () => void): void {
    this.#over = over;
    this.deadlineMs = this.#pool.core.deadlines.in(
      this.#requestTimeoutMs > 0 ? this.#requestTimeoutMs : abandonedTimeMs,
    );
    this.#socket.end();
    this.#socket.resume();
  }

  pauseAnswer(): void {
    this.#socket.pause();
    // The client is slow, not the worker.
    this.deadlineMs = Infinity;
  }

  resumeAnswer(): void {
    this.#socket.resume();
    this.#touch();
  }

  release(reusable: boolean): void {
    const keepAliveSeconds = this.#exchange?.answer.head.keepAliveTimeoutSeconds ?? -1;
    this.#exchange = null;
    if (!reusable || this.#isClosed || !this.#pool.keep(this, keepAliveSeconds)) this.close();
  }

  upgrade(): void {
    this.#isTunnel = true;
    this.deadlineMs = Infinity;
  }

  endTunnel(): boolean {
    return false;
  }

  close(): void {
    this.#exchange = null;
    this.#socket.destroy();
    this.#forget();
  }

  /** The worker is gone. One that could not even be connected to has seen nothing. */
  lose(): void {
    const exchange = this.#exchange;
    this.close();
    exchange?.onUpstreamLost(this.#isConnected ? 'lost' : 'refused');
  }

  onDeadline(): void {
    const exchange = this.#exchange;
    this.close();
    exchange?.onUpstreamLost('timeout');
  }

  // ByteSink

  onBytes(buffer: Buffer, length: number): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      // Bytes that belong to no request: whatever they are, nobody asks, or nobody any more.
      this.close();
      return;
    }
    this.#hasAnswered = true;
    if (!this.#isTunnel) this.#touch();
    exchange.onAnswer(buffer, 0, length);
  }

  onEnd(): void {
    this.#isClosed = true;
    const exchange = this.#exchange;
    // An answer under way says itself whether it may end here; before its head it is a lost request.
    if (exchange !== null && (this.#isTunnel || exchange.answer.isHeadSent)) exchange.onAnswerEnd();
    else this.#ended('');
  }

  onDrain(): void {
    if (!this.#isBodyHeld) return;
    this.#isBodyHeld = false;
    this.#exchange?.onUpstreamReady();
  }

  onClosed(code: string): void {
    this.#isClosed = true;
    this.#ended(code);
  }

  #ended(code: string): void {
    const exchange = this.#exchange;
    const cause = this.#causeOf(code);
    this.close();
    // Taken back before it was connected: that says nothing about the worker.
    if (exchange === null) return;
    if (cause === 'refused') this.#pool.refused(code === '' ? 'connect failed' : code);
    if (cause === 'busy') this.#pool.busy();
    exchange.onUpstreamLost(cause);
  }

  #causeOf(code: string): LossCause {
    // Of a unix socket whose backlog is full (connect(2)).
    if (!this.#isConnected) return code === 'EAGAIN' ? 'busy' : 'refused';
    return this.#isReused && !this.#hasAnswered ? 'stale' : 'lost';
  }

  #touch(): void {
    if (this.#requestTimeoutMs > 0) this.deadlineMs = this.#pool.core.deadlines.in(this.#requestTimeoutMs);
  }

  #forget(): void {
    const over = this.#over;
    this.#over = null;
    this.#pool.core.deadlines.remove(this);
    this.#pool.forget(this);
    over?.();
  }
}
