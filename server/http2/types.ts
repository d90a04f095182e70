import type { RequestHead, ResponseHead } from '../http1/types.js';

/**
 * The boundary between the HTTP/2 engine and its owner. The engine is pure: bytes and times in, events and bytes
 * out. It never reads a clock, owns no timer and no socket. `T` is whatever the owner hangs on a stream.
 *
 * Everything happens inside the calls of the owner: an event handler may call any command, also for the very
 * stream it is told about. Nothing leaves by itself: after `receive`, after commands and after `tick` the owner
 * sends what stands in its `FrameOutput`.
 */

/**
 * Where frames are written. The owner lends the buffer (one per connection while there is something to send), sends
 * `buffer[0, at)` at the end of its turn, and sets `at` back to 0.
 */
export interface FrameOutput {
  /** Valid until the next `reserve`. */
  buffer: Buffer;
  /** First free byte; the engine moves it on. */
  at: number;
  /**
   * Makes room for `bytes` more behind `at` (by sending what is there, or by a larger buffer). Never more than
   * `reserveBytesMax` are asked for at once.
   */
  reserve(bytes: number): void;
  /**
   * The transport is behind (`writeQueueHighBytes`): DATA waits in its streams until the owner calls `outputDrained`.
   * Other frames are written all the same, and counted; the owner reads no more meanwhile.
   */
  readonly isFull: boolean;
}

/** The most that one `reserve` asks for: the header block of an answer in one piece, or one DATA frame. */
export const reserveBytesMax = 81_920;

/** Why a connection ended, of the vocabulary of `errors.ts`: the error code for the peer, the reason for log and counter. */
export interface ConnectionFailure {
  readonly code: number;
  readonly reason: string;
}

/** What both roles know of a stream. The engine uses the object again after its release: the owner forgets it then. */
export interface Http2Stream<T> {
  readonly id: number;
  /** The owner's; null until it sets it. */
  owner: T | null;
  /** The peer's side has ended: END_STREAM or a reset. */
  readonly isPeerDone: boolean;
  /** Our side has ended: `end` was called (bytes may still be queued) or the stream was reset. */
  readonly isLocalDone: boolean;
  /** Reset by either side, or by the end of the connection: nothing can be sent. */
  readonly isReset: boolean;
  /** Bytes of DATA payload, without padding. */
  readonly receivedBytes: number;
  /** Bytes of DATA that left into the output. */
  readonly sentBytes: number;
  /**
   * Bytes given to `data` that wait for the peer's window or for the output: above `http2StreamQueueHighBytes` the
   * owner pauses its source until `onWritable`.
   */
  readonly queuedBytes: number;
}

/** A request of a client. */
export interface ServerStream<T> extends Http2Stream<T> {
  /**
   * The same object that server/http1 makes, so that routing and forwarding need not know the protocol:
   * - `minorVersion` 1, `keepAlive` true, `connectionNames` null (connection-specific fields are refused);
   * - `:authority` (or Host) is the first of `fields`, as `host`; cookie crumbs are joined; names are lower case;
   * - `framing` is `none` when the head ended the stream, `length` with a Content-Length, else `chunked`; the
   *   engine holds DATA against the Content-Length;
   * - an extended CONNECT for `websocket` (RFC 8441) appears as the GET with `Upgrade: websocket`, Connection and a
   *   Sec-WebSocket-Key that a worker of HTTP/1.1 expects: `upgradeWebSocket`. Its bytes come by `onData`, and
   *   `respond` with a head of status 101 becomes 200;
   * - `rejection` is null, or why the request must be refused: the owner answers with that status.
   */
  readonly request: RequestHead;
}

/** What the engine tells the owner of either role. */
export interface Http2Events<S> {
  /**
   * Body (or tunnel) bytes `buffer[start, end)`, valid during the call only. The window of the peer is opened again by
   * `consumed` for exactly these bytes: at once when they were taken, later when the taker was busy. `isLast`: they end
   * the message, `onEnd` follows; false says nothing.
   */
  onData(stream: S, buffer: Buffer, start: number, end: number, isLast: boolean): void;
  /** The peer's message is complete. Trailers are name, value, ...; forbidden ones are gone; null = none. */
  onEnd(stream: S, trailers: string[] | null): void;
  /**
   * The stream is dead: the peer reset it (`byPeer`), or broke a rule (`code` was sent to it), or the connection
   * failed or went. The work for it has to be stopped; the slot counts until `release`.
   */
  onReset(stream: S, code: number, byPeer: boolean): void;
  /** `queuedBytes` fell to `http2StreamQueueLowBytes` after it was above the high mark: the source may go on. */
  onWritable(stream: S): void;
  /** A message was malformed (RFC 9113 8.1.1); its stream is reset by the engine. A fixed word, for log and counter. */
  onMalformed(reason: string): void;
  /**
   * The connection is over by an error: GOAWAY is in the output, every stream got its `onReset` before. The owner sends
   * the output, ends the socket and reads no more.
   */
  onFailed(failure: ConnectionFailure): void;
  /** The last stream is gone after `goAway` was announced or the client said GOAWAY: the socket can be ended. */
  onDrained(): void;
}

/** What the engine tells the owner of a server connection. */
export interface ServerEvents<T> extends Http2Events<ServerStream<T>> {
  /**
   * A request begins; `stream.isPeerDone` says that no body follows, and no `onEnd` comes then. With
   * `stream.request.rejection` the owner answers an error page. Every stream told here must be released once.
   * Requests that came in one `receive` are told at its end: what was reset in the same bytes is never told.
   */
  onRequest(stream: ServerStream<T>): void;
}

/** What the site and the listener add to an answer; the same words as in `ResponseHeadOptions` of server/http1. */
export interface AnswerAdditions {
  /** IMF-fixdate, written when the worker sent no Date. */
  readonly date: string;
  /** Value of a Set-Cookie of ours; '' = none. */
  readonly cookie: string;
  /** Complete field lines (`Name: value\r\n` each) that the site adds to its answers; absent or '' = none. */
  readonly fields?: string;
  /** Value of Strict-Transport-Security, where the worker sends none itself; '' = none. */
  readonly strictTransportSecurity: string;
}

/** Commands both roles have. Commands for a stream that is reset do nothing. */
export interface Http2Connection<S> {
  /** Writes our preface: SETTINGS, and the window of the connection. Once, before `receive`. */
  start(): void;
  /**
   * Takes all of `buffer[start, end)`; bytes of an incomplete frame are kept (bounded), body bytes are handed on where
   * they stand, those of small frames put together first: what was read is written over. `nowMs` is monotonic.
   */
  receive(buffer: Buffer, start: number, end: number, nowMs: number): void;
  /**
   * Body bytes of our side; taken whole. What the windows allow leaves at once, the rest is copied and queued
   * (`stream.queuedBytes`). Only after `respond`; never with more than the Content-Length said: the caller holds that.
   */
  data(stream: S, buffer: Buffer, start: number, end: number): void;
  /** Our side is complete, behind what is queued. Trailers are name, value, ...; null = none. */
  end(stream: S, trailers: readonly string[] | null): void;
  /**
   * Ends the stream at once (RFC 9113 6.4); what is queued is dropped. `cancel`: a torn answer must be seen as torn;
   * `noError`: the answer is complete and the rest of the request is not wanted. No `onReset` follows.
   */
  reset(stream: S, code: number): void;
  /** The taker has these bytes: the peer may send as many again (credit goes out in larger portions). */
  consumed(stream: S, bytes: number): void;
  /**
   * The owner is through with this stream, its worker too: no event follows and its slot is free. What is queued
   * still leaves; a request whose rest was never read is ended with RST_STREAM(NO_ERROR) behind it.
   */
  release(stream: S): void;
  /** The output is no longer full: queued DATA goes on, stream by stream in turn. */
  outputDrained(): void;
  /**
   * Once per tick of the owner (500 ms to a few seconds): streams whose queued bytes the peer takes slower than
   * `minBytesPerSecond` after `graceMs` are reset (CANCEL, told by `onReset`), also released ones. 0 = never. A peer that takes nothing
   * at all for `graceMs` while `http2QueueStalledBytesMax` wait loses its connection.
   */
  tick(nowMs: number, minBytesPerSecond: number, graceMs: number): void;
  /** PING (6.7). @returns whether it was sent: one at a time. `isPingPending` ends with the answer. */
  ping(): boolean;
  /**
   * Graceful end. First call: GOAWAY with the largest id and a PING. Call it again with each tick of the owner's timer:
   * once the PING is answered, or after a few ticks, GOAWAY with the last id; later streams are ignored. `onDrained` follows.
   */
  goAway(): void;
  /** Ends the connection for a reason of the owner (deadline, limit): as if the engine had found the error. */
  fail(failure: ConnectionFailure): void;
  /** The socket is gone: every stream gets `onReset`, then nothing more happens. */
  abandon(): void;
  /** Streams not yet released, or released with bytes still queued. */
  readonly streamCount: number;
  /** Bytes that wait in all streams. */
  readonly queuedBytes: number;
  /** False: bytes that were not consumed hold the window of the connection, so that no stream can be expected to go on. */
  readonly mayPeerSend: boolean;
  /** Monotonic ms (of `receive`) of the first byte of a preface or header block that is not complete; 0 = none. */
  readonly headStartedMs: number;
  readonly isPingPending: boolean;
  /** GOAWAY was announced by us or received. */
  readonly isGoingAway: boolean;
  /** Set once: the connection is over. */
  readonly failure: ConnectionFailure | null;
}

export interface ServerConnection<T> extends Http2Connection<ServerStream<T>> {
  /** An interim answer (1xx but 101); its hop-by-hop fields are left out. @returns bytes of its header block. */
  interim(stream: ServerStream<T>, head: ResponseHead): number;
  /**
   * The final head, from the parsed answer of a worker, as `responseHead` of server/http1 does it: hop-by-hop fields
   * removed, Date and additions added, Content-Length kept. `end`: no body follows (HEAD, 204, 304, empty).
   * @returns bytes of its header block.
   */
  respond(stream: ServerStream<T>, head: ResponseHead, additions: AnswerAdditions, end: boolean): number;
  /** A final head of ours: `fields` are name, value, ... in any case. */
  respondWith(stream: ServerStream<T>, status: number, fields: readonly string[], end: boolean): void;
}

export interface ServerOptions {
  /** Schemes a request may name; only `https` over TLS, both over cleartext (a TLS terminator may sit in front). */
  readonly schemes: 'https' | 'any';
  /** SETTINGS_MAX_CONCURRENT_STREAMS; default http2StreamsMax. */
  readonly maxConcurrentStreams?: number;
  /** Window per stream and of the whole connection for request bodies; defaults http2StreamWindowBytes, http2ConnectionWindowBytes. */
  readonly streamWindowBytes?: number;
  readonly connectionWindowBytes?: number;
}

/** A request to a worker. */
export interface ClientStream<T> extends Http2Stream<T> {
  /**
   * The same object that server/http1 makes of an answer: `framing` `length` with a Content-Length, else `chunked`;
   * `keepAlive` true. 100 to 199: an interim answer, others may follow.
   */
  readonly answer: ResponseHead;
  /** After `onReset`: the worker has not acted on the request, it may be sent again (RFC 9113 8.7). */
  readonly isUnprocessed: boolean;
}

/** What the engine tells the owner of a connection to a worker. */
export interface ClientEvents<T> extends Http2Events<ClientStream<T>> {
  /**
   * A head is complete: `stream.answer`. For a final one `stream.isPeerDone` says that nothing follows, and no `onEnd`
   * comes then.
   */
  onAnswer(stream: ClientStream<T>): void;
  /** The worker's SETTINGS came, or a slot was freed: `open` may succeed now. */
  onCapacity(): void;
}

/** What `ClientConnection.open` sends; `fields` are name, value, ... in any case, without connection-specific ones. */
export interface Http2Request {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly path: string;
  /** `websocket`: extended CONNECT (RFC 8441), the method is not sent; '' = an ordinary request. */
  readonly protocol: '' | 'websocket';
  readonly fields: readonly string[];
  /** As in `RequestHead`. */
  readonly neverIndexed: ReadonlySet<string> | null;
}

export interface ClientConnection<T> extends Http2Connection<ClientStream<T>> {
  /** A further request may be opened now: below the worker's limit of streams, and it has not said GOAWAY. */
  readonly canOpen: boolean;
  /** Streams that may be open at a time. */
  readonly streamsMax: number;
  /** The worker's first SETTINGS came and allow extended CONNECT. */
  readonly allowsConnectProtocol: boolean;
  /** Opens a stream, or null when `canOpen` is false. `end`: no body follows. */
  open(request: Http2Request, end: boolean): ClientStream<T> | null;
}
