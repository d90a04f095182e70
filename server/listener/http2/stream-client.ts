// HOT: measured by test/bench/main.ts
import { lingerBytesMax, lingerTimeMs } from '../../../config/base/limits.js';
import type { RouteSite, StoredFailure } from '../../../pools/protocol/snapshot.js';
import type { ForwardContext } from '../../http1/forward.js';
import { createRequestHead } from '../../http1/request-head.js';
import { contentLengthTooLarge } from '../../http1/rejections.js';
import { createResponseHead, parseResponseHead } from '../../http1/response-head.js';
import type { Rejection, RequestHead } from '../../http1/types.js';
import { ErrorCode } from '../../http2/codes.js';
import { isGrpc, lostCallTrailers } from '../../http2/grpc.js';
import type { ServerStream } from '../../http2/types.js';
import { Exchange } from '../../proxy/exchange.js';
import type { ExchangeClient } from '../../proxy/exchange-client.js';
import type { VirtualSockets } from '../../proxy/virtual-sockets.js';
import type { ConnectionContext } from '../context.js';
import { errorText, headerWait } from '../error-text.js';
import { HeldBytes } from '../held-bytes.js';
import { RateWatch } from '../rate-watch.js';
import { type ConnectionFacts, RequestRouter } from '../request-router.js';
import { StreamOutput, type StreamPorts } from './stream-output.js';

/** An extended CONNECT that nobody takes (RFC 9220 3 names the status). */
const noTunnel: Rejection = { status: 501, subStatus: 0, reason: 'ExtendedConnect' };

/** What a stream needs of its connection. */
export interface StreamOwner extends StreamPorts {
  readonly context: ConnectionContext;
  readonly facts: ConnectionFacts;
  readonly sockets: VirtualSockets;
  /** A fresh copy: a trusted proxy may bring another client with every request. */
  forwardContext(): ForwardContext;
  /** The object may be used for another stream. */
  freed(client: StreamClient): void;
}

const noRequest = createRequestHead();

/**
 * The client of one request over HTTP/2: its stream. Used again for the next stream of the same connection. Body
 * bytes that no worker takes yet are held; the client's windows bound them.
 */
export class StreamClient implements ExchangeClient {
  readonly isStream = true;
  /** A stream ends alone: its answer says nothing of the connection. */
  readonly isClosing = false;
  readonly output: StreamOutput;
  readonly sockets: VirtualSockets;
  readonly forward: ForwardContext;
  readonly router: RequestRouter;
  readonly localAddress: string;
  readonly localPort: number;
  readonly exchange: Exchange;
  request: RequestHead = noRequest;
  /** Place among the streams of the connection; the connection's. */
  index = -1;
  isDone = true;
  isHeld = false;
  received = 0;
  readonly #owner: StreamOwner;
  readonly #context: ConnectionContext;
  readonly #held = new HeldBytes();
  readonly #rates: RateWatch;
  #stream: ServerStream<StreamClient> | null = null;
  #bytesMax = 0;
  /** The client's side has ended, behind what is held. */
  #hasEnded = false;
  #trailers: string[] | null = null;
  /** Complete by its Content-Length of 0, but more may come as long as the stream has not ended. */
  #isEndOwed = false;
  /** Taken by a worker that wants a pause: the client may not send as many again yet. */
  #owed = 0;
  #isAdvancing = false;
  #tunnelUntilMs = Infinity;

  constructor(owner: StreamOwner) {
    this.#owner = owner;
    this.#context = owner.context;
    this.sockets = owner.sockets;
    this.forward = owner.forwardContext();
    this.localAddress = owner.facts.localAddress;
    this.localPort = owner.facts.localPort;
    this.router = new RequestRouter(owner.facts, this.forward);
    this.output = new StreamOutput(owner);
    this.#rates = new RateWatch(nothingSent);
    this.exchange = new Exchange(this, owner.context.core);
  }

  get site(): RouteSite | null {
    return this.router.site;
  }

  get isTunnel(): boolean {
    return this.exchange.state === 'tunnel';
  }

  get isBodyShort(): boolean {
    const { framing, contentLength } = this.request;
    return framing !== 'length' || contentLength - this.received <= lingerBytesMax;
  }

  /** A request of the client; its stream is this object's until `freed`. */
  begin(stream: ServerStream<StreamClient>): void {
    const { request } = stream;
    this.#stream = stream;
    stream.owner = this;
    this.request = request;
    // What comes behind an upgrade is no body.
    this.isDone = stream.isPeerDone || request.upgradeWebSocket;
    this.isHeld = false;
    this.received = 0;
    this.#hasEnded = stream.isPeerDone;
    this.#trailers = null;
    this.#owed = 0;
    this.#tunnelUntilMs = Infinity;
    this.output.begin(stream);
    this.exchange.startedMs = this.#context.clock.monotonicMs();
    if (request.rejection !== null) return this.#refuse(request.rejection);
    this.#isEndOwed = request.framing === 'none' && !this.isDone;
    if (!this.#isEndOwed) this.#start(request);
  }

  #start(request: RequestHead): void {
    const isTunnel = request.upgradeWebSocket;
    const route = this.router.route(request);
    const application = route === null ? undefined : this.#context.routing.applications[route.index];
    if (route === null || application === undefined) return this.#refuse(this.router.rejection);
    if (isTunnel && !request.upgradeWebSocket) return this.#refuse(noTunnel);
    this.#bytesMax = isTunnel ? Infinity : route.application.maxAllowedContentLength;
    this.exchange.begin(application);
  }

  data(buffer: Buffer, start: number, end: number, isLast: boolean): void {
    const held = this.#held;
    this.received += end - start;
    if (this.received > this.#bytesMax) return this.exchange.refuse({ ...contentLengthTooLarge, ...plain });
    if (!held.isEmpty || !this.#takes || this.#isAdvancing) return held.append(buffer, start, end);
    const to = isLast ? end : end - this.#keptBack;
    if (to < end) held.append(buffer, to, end);
    if (to > start) this.#handOn(buffer, start, to);
  }

  end(trailers: string[] | null): void {
    this.#hasEnded = true;
    this.#trailers = trailers;
    if (!this.#isEndOwed) return this.#advance();
    this.#isEndOwed = false;
    this.isDone = true;
    this.#start(this.request);
  }

  /** The stream is dead. */
  gone(): void {
    this.exchange.clientGone('reset');
    this.#leave();
  }

  /** `maySend`: nothing of its connection keeps the client from sending. */
  watch(nowMs: number, minRate: number, maySend: boolean): void {
    if (nowMs >= this.#tunnelUntilMs) return this.cut();
    if (this.#isEndOwed) {
      if (maySend) this.#watchHead(nowMs);
      return;
    }
    const timeoutMs = this.site?.connectionTimeoutMs ?? Infinity;
    const body = { isDone: this.isDone, isHeld: this.isHeld || !maySend, received: this.received };
    const reason = this.#rates.bodyTooSlow(nowMs, this.exchange, body, minRate, timeoutMs);
    if (reason !== '' && !this.#isCall) this.exchange.refuse({ status: 408, subStatus: 0, reason, ...plain });
  }

  #watchHead(nowMs: number): void {
    if (nowMs - this.exchange.startedMs >= this.#context.routing.headerWaitTimeoutMs) this.#refuse(headerWait);
  }

  // ExchangeClient

  openBody(): void {
    this.#rates.startBody();
    this.#advance();
  }

  resumeBody(): void {
    this.isHeld = false;
    this.#giveCredit(this.#owed);
    this.#owed = 0;
    this.#advance();
  }

  lingerBody(): void {
    this.#rates.startLinger(this.#context.deadlines.nowMs + lingerTimeMs, this.received + lingerBytesMax);
  }

  /** A request whose rest nobody read is ended by the release. */
  answered(): void {
    this.#leave();
  }

  writeError(failure: StoredFailure): boolean {
    this.#writeError(failure, failure.retryAfterSeconds);
    return true;
  }

  cut(): void {
    const stream = this.#stream;
    if (stream !== null) this.#tear(stream);
    // A tunnel that outlived its client's side.
    if (this.exchange.state !== 'free') this.exchange.clientGone('reset');
    this.#leave();
  }

  /** A torn answer must be seen as torn; a call says so itself, with the status of a lost connection. */
  #tear(stream: ServerStream<StreamClient>): void {
    const { head, isHeadSent } = this.exchange.answer;
    if (!isHeadSent || head.framing === 'length' || !isGrpc(head)) {
      this.#owner.engine.reset(stream, ErrorCode.internalError);
      return;
    }
    this.output.flush();
    this.output.end(lostCallTrailers);
  }

  tunnelOpened(): void {
    this.isHeld = false;
    this.#advance();
  }

  tunnelEnded(): void {
    this.output.end(null);
    this.#leave();
  }

  /** Somebody takes body bytes now. */
  get #takes(): boolean {
    const { state, upstream } = this.exchange;
    if (this.isHeld || this.#isUpgrading) return false;
    return state === 'answered' || state === 'tunnel' || (state === 'active' && upstream?.takesBody === true);
  }

  /** Either side of a call may be silent for as long as the application's requestTimeout allows: its body owes no rate. */
  get #isCall(): boolean {
    const endpoint = this.exchange.worker?.endpoint;
    return endpoint !== undefined && endpoint.kind !== 'link' && endpoint.h2c === true && isGrpc(this.request);
  }

  /**
   * The last byte that the Content-Length announces goes on with the end of the stream: a worker takes the request for
   * complete with it, and one more byte of the client makes it malformed (RFC 9113 8.1.1).
   */
  get #keptBack(): number {
    const { framing, contentLength } = this.request;
    return framing === 'length' && this.received === contentLength && !this.#hasEnded ? 1 : 0;
  }

  /** Bytes behind an upgrade belong to nobody before it is accepted. */
  get #isUpgrading(): boolean {
    return this.request.upgradeWebSocket && this.exchange.state !== 'tunnel';
  }

  #handOn(buffer: Buffer, start: number, end: number): void {
    this.isHeld = !this.exchange.body(buffer, start, end);
    if (this.isHeld) this.#owed += end - start;
    else this.#giveCredit(end - start);
  }

  #giveCredit(bytes: number): void {
    if (bytes === 0 || this.#stream === null) return;
    this.#owner.engine.consumed(this.#stream, bytes);
    this.#owner.flushSoon();
  }

  /** Goes on with what is held after something changed. */
  #advance(): void {
    const held = this.#held;
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    if (!held.isEmpty && this.#takes) {
      const { buffer, start } = held;
      const to = held.end - this.#keptBack;
      held.consumed(to);
      if (to > start) this.#handOn(buffer, start, to);
    }
    this.#isAdvancing = false;
    if (!this.#hasEnded || !held.isEmpty || !this.#takes) return;
    if (this.isTunnel) this.#endTunnel();
    else if (!this.isDone) {
      this.isDone = true;
      this.exchange.endBody(this.#trailers);
    }
  }

  /** The client ended its side of a tunnel and its last byte is handed on. */
  #endTunnel(): void {
    this.#hasEnded = false;
    if (this.exchange.clientEndedTunnel()) {
      this.#tunnelUntilMs = this.#context.deadlines.nowMs + (this.site?.connectionTimeoutMs ?? 0);
      return;
    }
    this.exchange.clientGone('fin');
    this.tunnelEnded();
  }

  /** A request that no worker sees. */
  #refuse(rejection: Rejection): void {
    const { status, subStatus, reason } = rejection;
    this.#writeError(rejection, 0);
    this.#context.refused(this, { status, subStatus, reason, site: this.site?.name ?? '', pool: '' });
    this.#leave();
  }

  /** The same answer as over HTTP/1, read and framed anew like a worker's. */
  #writeError(failure: Rejection | StoredFailure, retryAfterSeconds: number): void {
    const fields = this.router.fieldsFor(this.request, failure);
    const frame = { close: false, retryAfterSeconds, date: this.#context.core.date(), fields };
    const bytes = Buffer.from(errorText(this.request, failure, frame), 'latin1');
    const at = parseResponseHead(bytes, 0, bytes.length, 0, errorHead);
    if (at <= 0) return this.cut();
    const framing = at === bytes.length ? 'none' : 'length';
    this.output.discard();
    this.output.head(errorHead, { framing, date: '', connection: 'default', cookie: '', strictTransportSecurity: '' });
    if (framing === 'none') return;
    this.output.bytes(bytes, at, bytes.length);
    this.output.endBody(framing, null);
  }

  #leave(): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    this.#held.clear();
    this.router.finished();
    this.output.leave();
    this.#owner.engine.release(stream);
    this.#owner.flushSoon();
    this.#owner.freed(this);
  }
}

const plain = { title: '', retryAfterSeconds: 0 } as const;
/** The engine watches what a client takes of each stream. */
const nothingSent = { backlog: 0, given: 0, sent: 0 } as const;
const errorHead = createResponseHead();
