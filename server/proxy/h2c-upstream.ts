import { http2RefusalsMax } from '../../config/base/http2-limits.js';
import { http2StreamQueueHighBytes, lingerTimeMs } from '../../config/base/limits.js';
import { announcedTrailersOf, trailerBlock } from '../http1/forward.js';
import type { ResponseHead } from '../http1/types.js';
import { ErrorCode } from '../http2/codes.js';
import type { ClientStream } from '../http2/types.js';
import { upstreamRequest } from '../http2/upstream-request.js';
import type { Expiring } from './deadlines.js';
import type { Exchange } from './exchange.js';
import { acceptsTunnel, answerText, chunkOf, isChunked } from './h2c-answer.js';
import type { H2cConnection } from './h2c-connection.js';
import type { H2cPool } from './h2c-pool.js';
import { SentBody } from './sent-body.js';
import type { AbortCause, LossCause, Upstream } from './upstream.js';

/** One request to a worker that speaks HTTP/2: a stream of one of its connections. */
export class H2cUpstream implements Upstream, Expiring {
  readonly announcesEnd = false;
  deadlineMs = Infinity;
  deadlineIndex = -1;
  readonly #pool: H2cPool;
  #connection: H2cConnection;
  #isReused: boolean;
  readonly #requestTimeoutMs: number;
  #exchange: Exchange | null;
  #stream: ClientStream<H2cUpstream> | null = null;
  #isPaused = false;
  #isBodyHeld = false;
  #isChunked = false;
  #isTunnel = false;
  #hasAnswered = false;
  readonly #sent = new SentBody();
  #refusals = 0;
  /** Bytes of the answer that its Content-Length announces beyond those that came; Infinity = none is announced. */
  #left = Infinity;
  /** The last of them, until the stream ends. */
  #keptBack: Buffer | null = null;
  /** Taken from the worker and not given back to its window: the client is behind. */
  #owed = 0;

  constructor(pool: H2cPool, connection: H2cConnection, exchange: Exchange) {
    this.#pool = pool;
    this.#connection = connection;
    this.#isReused = connection.hasServed;
    this.#exchange = exchange;
    this.#requestTimeoutMs = exchange.application?.route?.requestTimeoutMs ?? 0;
    pool.core.deadlines.add(this);
    this.#touch();
  }

  get takesBody(): boolean {
    return this.#stream !== null;
  }

  /** The worker's settings are known: opens the stream. */
  open(): void {
    const exchange = this.#exchange;
    if (exchange === null || this.#stream !== null) return;
    const { request, client } = exchange;
    const { engine } = this.#connection;
    const hasBody = request.framing !== 'none' || request.upgradeWebSocket;
    const stream = engine.open(upstreamRequest(request, client.forward, this.#pool.options), !hasBody);
    if (stream === null) {
      // No extended CONNECT here, or the settings left no room for all that waited for them.
      this.#detach();
      if (request.upgradeWebSocket && !engine.allowsConnectProtocol) exchange.refuse(noTunnel);
      else exchange.onUpstreamLost('refused');
      return;
    }
    stream.owner = this;
    this.#stream = stream;
    for (const piece of this.#sent.pieces) engine.data(stream, piece, 0, piece.length);
    if (this.#sent.hasEnded) engine.end(stream, this.#sent.trailers);
    this.#connection.flushSoon();
    exchange.onUpstreamReady();
  }

  body(buffer: Buffer, start: number, end: number): boolean {
    const stream = this.#stream;
    this.#sent.add(buffer, start, end);
    if (stream === null) return true;
    this.#connection.engine.data(stream, buffer, start, end);
    this.#connection.flushSoon();
    this.#touch();
    this.#isBodyHeld = stream.queuedBytes > http2StreamQueueHighBytes;
    return !this.#isBodyHeld;
  }

  endBody(trailers: readonly string[] | null): void {
    const exchange = this.#exchange;
    const stream = this.#stream;
    if (exchange === null) return;
    const announced = announcedTrailersOf(exchange.request, trailers);
    this.#sent.end(announced);
    if (stream === null) return;
    this.#connection.engine.end(stream, announced);
    this.#connection.flushSoon();
    this.#touch();
  }

  /** Its stream is over for the worker too with RST_STREAM: nothing says when the application has stopped. */
  abort(_cause: AbortCause): false {
    const stream = this.#stream;
    this.#detach();
    if (stream === null) return false;
    this.#connection.engine.reset(stream, ErrorCode.cancel);
    this.#connection.done(stream);
    return false;
  }

  pauseAnswer(): void {
    this.#isPaused = true;
    // The client is slow, not the worker.
    this.deadlineMs = Infinity;
  }

  resumeAnswer(): void {
    this.#isPaused = false;
    this.#touch();
    this.#credit(0);
  }

  /** The end of the stream may still be under way: a reset in front of it would look like a cancelled request. */
  release(): void {
    const stream = this.#stream;
    this.#exchange = null;
    if (stream === null) return this.#detach();
    this.#isPaused = false;
    this.#credit(0);
    this.deadlineMs = this.#pool.core.deadlines.in(lingerTimeMs);
    if (stream.isPeerDone || !stream.isLocalDone) this.#finish(stream);
  }

  upgrade(): void {
    this.deadlineMs = Infinity;
  }

  endTunnel(): boolean {
    if (this.#stream === null) return false;
    this.#connection.engine.end(this.#stream, null);
    this.#connection.flushSoon();
    return true;
  }

  onDeadline(): void {
    const exchange = this.#exchange;
    this.abort('cancel');
    exchange?.onUpstreamLost('timeout');
  }

  // What its connection tells it

  onAnswer({ answer, isPeerDone }: ClientStream<H2cUpstream>): void {
    const exchange = this.#exchange;
    if (exchange === null) return this.#ended();
    this.#hasAnswered = true;
    this.#sent.forget();
    this.#touch();
    this.#begin(exchange, answer);
    if (isPeerDone) this.onEnd(null);
  }

  #begin(exchange: Exchange, head: ResponseHead): void {
    const { request } = exchange;
    this.#isTunnel = acceptsTunnel(request, head);
    this.#isChunked = !this.#isTunnel && isChunked(request, head);
    this.#left = !this.#isTunnel && head.framing === 'length' ? head.contentLength : Infinity;
    exchange.answer.head.neverIndexed = head.neverIndexed;
    this.#feed(Buffer.from(answerText(request, head), 'latin1'));
  }

  onData(buffer: Buffer, start: number, end: number, isLast: boolean): void {
    const exchange = this.#exchange;
    if (exchange !== null) {
      if (!this.#isTunnel) this.#touch();
      if (this.#isChunked) this.#feed(chunkOf(buffer, start, end));
      else this.#pass(exchange, buffer, start, end, isLast);
    }
    this.#credit(end - start);
  }

  /**
   * The last byte that the Content-Length announces goes on with the end of the stream: the client takes the answer for
   * complete with it, and one more byte of the worker makes it malformed (RFC 9113 8.1.1).
   */
  #pass(exchange: Exchange, buffer: Buffer, start: number, end: number, isLast: boolean): void {
    this.#left -= end - start;
    const to = this.#left === 0 && !isLast ? end - 1 : end;
    if (to < end) this.#keptBack = Buffer.from(buffer.subarray(to, end));
    if (to > start) exchange.onAnswer(buffer, start, to);
  }

  /** The worker's side of the stream ended. */
  onEnd(trailers: string[] | null): void {
    if (this.#isTunnel) this.#exchange?.onAnswerEnd();
    else if (this.#keptBack !== null) this.#feed(this.#keptBack);
    else if (this.#isChunked && this.#exchange !== null) {
      this.#isChunked = false;
      this.#feed(Buffer.from(trailerBlock(trailers), 'latin1'));
    }
    this.#ended();
  }

  onReset(stream: ClientStream<H2cUpstream>, byPeer: boolean, malformed: string): void {
    const exchange = this.#exchange;
    if (exchange !== null && stream.isUnprocessed && this.#mayMove) return this.#move(stream, exchange);
    this.#detach();
    this.#connection.done(stream);
    if (exchange === null) return;
    if (malformed !== '') exchange.refuse({ status: 502, subStatus: 3, reason: malformed, ...plain });
    else exchange.onUpstreamLost(this.#cause(stream, byPeer));
  }

  get #mayMove(): boolean {
    return this.#sent.isWhole && this.#refusals < http2RefusalsMax && this.#pool.isReady;
  }

  /** The worker refused it unseen: the same again, on a connection that takes requests. */
  #move(stream: ClientStream<H2cUpstream>, exchange: Exchange): void {
    this.#refusals += 1;
    this.#stream = null;
    this.#isBodyHeld = false;
    this.#owed = 0;
    this.#connection.done(stream);
    this.#connection = this.#pool.connectionFor(false);
    this.#isReused = this.#connection.hasServed;
    this.#connection.begin(this, exchange.request.upgradeWebSocket);
  }

  onWritable(): void {
    if (!this.#isBodyHeld) return;
    this.#isBodyHeld = false;
    this.#exchange?.onUpstreamReady();
  }

  /** The connection is gone before the stream was opened. */
  lose(cause: LossCause): void {
    const exchange = this.#exchange;
    this.#detach();
    exchange?.onUpstreamLost(cause);
  }

  #cause(stream: ClientStream<H2cUpstream>, byPeer: boolean): LossCause {
    if (stream.isUnprocessed || !this.#connection.isConnected) return 'refused';
    if (byPeer) return 'app-reset';
    return this.#isReused && !this.#hasAnswered ? 'stale' : 'lost';
  }

  #feed(bytes: Buffer): void {
    this.#exchange?.onAnswer(bytes, 0, bytes.length);
  }

  /** An answer that is complete for its exchange, or whose exchange has gone, and now for the worker too. */
  #ended(): void {
    const stream = this.#stream;
    if (this.#exchange === null && stream !== null && stream.isPeerDone) this.#finish(stream);
  }

  #credit(bytes: number): void {
    this.#owed += bytes;
    if (this.#isPaused || this.#owed === 0 || this.#stream === null) return;
    this.#connection.engine.consumed(this.#stream, this.#owed);
    this.#owed = 0;
    this.#connection.flushSoon();
  }

  #finish(stream: ClientStream<H2cUpstream>): void {
    this.#detach();
    this.#connection.done(stream);
  }

  #detach(): void {
    this.#exchange = null;
    this.#stream = null;
    this.deadlineMs = Infinity;
    this.#pool.core.deadlines.remove(this);
    this.#connection.forget(this);
  }

  #touch(): void {
    if (this.#requestTimeoutMs > 0 && !this.#isPaused) {
      this.deadlineMs = this.#pool.core.deadlines.in(this.#requestTimeoutMs);
    }
  }
}

const plain = { title: '', retryAfterSeconds: 0 } as const;
const noTunnel = { status: 502, subStatus: 3, reason: 'ExtendedConnect', ...plain } as const;
