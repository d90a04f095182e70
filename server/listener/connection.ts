// HOT: measured by test/bench/main.ts
import type { Socket } from 'node:net';
import { lingerBytesMax, lingerTimeMs, newConnectionTimeoutMs } from '../../config/base/limits.js';
import { pipelineBufferBytesMax } from '../../config/base/limits.js';
import type { RouteSite, StoredFailure } from '../../pools/protocol/snapshot.js';
import type { ForwardContext } from '../http1/forward.js';
import { createRequestHead, parseRequestHead } from '../http1/request-head.js';
import { headIncomplete, headRejected, type Rejection } from '../http1/types.js';
import type { Expiring } from '../proxy/deadlines.js';
import { Exchange } from '../proxy/exchange.js';
import type { ExchangeClient } from '../proxy/exchange-client.js';
import { type AdoptSocket, type ByteSink, plainAddress, readUnread, resetSocket } from '../proxy/raw-socket.js';
import { SocketOutput } from '../proxy/socket-output.js';
import { VirtualSockets } from '../proxy/virtual-sockets.js';
import { clientContext, type Origin } from './client-context.js';
import type { ConnectionContext, ConnectionState, ListenerConnection } from './context.js';
import { HeldBytes } from './held-bytes.js';
import { errorText, headerWait } from './error-text.js';
import { idleSince } from './idle.js';
import { RateWatch } from './rate-watch.js';
import { RequestBody } from './request-body.js';
import { noHost, RequestRouter } from './request-router.js';
import { SiteEntries } from './site-entries.js';

/**
 * One client connection: cuts its bytes into requests and runs them one after another. Bytes of a later
 * request are held (bounded, then reading pauses) until the earlier one is answered.
 */
export class ClientConnection implements ExchangeClient, ListenerConnection, ByteSink, Expiring {
  readonly isStream = false;
  deadlineMs: number;
  deadlineIndex = -1;
  readonly request = createRequestHead();
  readonly forward: ForwardContext;
  readonly output: SocketOutput;
  readonly sockets = new VirtualSockets(() => this.closeIfIdle(), false);
  readonly localAddress: string;
  readonly localPort: number;
  readonly exchange: Exchange;
  readonly router: RequestRouter;
  state: ConnectionState = 'head';
  readonly #context: ConnectionContext;
  readonly #entries: SiteEntries;
  readonly #socket: Socket;
  readonly #held = new HeldBytes();
  readonly #body = new RequestBody();
  readonly #rates: RateWatch;
  /** Bytes of the incomplete head that were scanned already. */
  #scanned = 0;
  /** Monotonic ms of the first byte of an incomplete head; 0 = none. */
  #headStartedMs = 0;
  #isConsuming = false;
  #isPaused = false;
  #lingered = 0;
  /** After the client half-closed its tunnel: the worker's side may go on so long. */
  #tunnelUntilMs = Infinity;
  #hasClientEnded = false;

  constructor(accepted: Socket, context: ConnectionContext, origin: Origin, adopt: AdoptSocket) {
    this.#context = context;
    this.forward = clientContext(origin, context.clock);
    this.localAddress = plainAddress(origin.ends.localAddress);
    this.localPort = origin.ends.localPort ?? 0;
    this.#entries = new SiteEntries(context.siteConnections, false);
    const { localAddress, localPort } = this;
    const facts = { context, peer: origin.tls, localAddress, localPort, entries: this.#entries, isHttp2: false };
    this.router = new RequestRouter(facts, this.forward);
    this.#socket = adopt(accepted, this);
    this.output = new SocketOutput(this.#socket);
    this.#rates = new RateWatch(this.output);
    this.exchange = new Exchange(this, context.core);
    this.deadlineMs = context.deadlines.nowMs + newConnectionTimeoutMs;
    context.deadlines.add(this);
  }

  get site(): RouteSite | null {
    return this.router.site;
  }

  get idleSinceMs(): number {
    if (this.state !== 'head' || this.output.backlog > 0) return Infinity;
    const sinceMs = this.#headStartedMs || this.deadlineMs - this.#timeoutMs;
    return idleSince(sinceMs, this.#headStartedMs > 0 || this.site === null, this.#context.clock);
  }

  get requests(): number {
    return this.router.requests;
  }

  get isClosing(): boolean {
    return this.#context.isShuttingDown;
  }

  get isBodyShort(): boolean {
    return this.#body.isShort;
  }

  onBytes(buffer: Buffer, length: number): void {
    const held = this.#held;
    if (held.isEmpty && !this.#isConsuming) {
      const at = this.#consume(buffer, 0, length);
      if (at < length) held.append(buffer, at, length);
    } else {
      held.append(buffer, 0, length);
      this.#advance();
    }
    this.#updateReading();
  }

  onEnd(): void {
    switch (this.state) {
      case 'tunnel':
        this.#hasClientEnded = true;
        if (this.#held.isEmpty) this.#endTunnel();
        break;
      case 'exchange':
        // A half-closed client is a disconnect: Node and Kestrel alone see it that way too.
        this.exchange.clientGone('fin');
        this.#end();
        break;
      case 'head':
        this.#end();
        break;
      case 'lingering':
        if (this.output.backlog === 0) this.#socket.destroy();
        break;
      case 'closed':
        break;
    }
  }

  onDrain(): void {
    this.exchange.onClientDrained();
  }

  onClosed(code: string): void {
    if (this.state === 'closed') return;
    this.exchange.clientGone(code === '' ? 'fin' : 'reset');
    this.state = 'closed';
    this.#held.clear();
    this.#context.deadlines.remove(this);
    this.sockets.close();
    this.#entries.leave();
    this.#context.closed(this);
  }

  onDeadline(nowMs: number): void {
    switch (this.state) {
      case 'head':
        if (this.#headStartedMs > 0) this.#refuse(headerWait);
        else if (this.output.backlog === 0 || this.#rates.isWriteTooSlow(nowMs, this.#minRate, this.#timeoutMs)) {
          this.#socket.destroy();
        }
        break;
      case 'exchange':
        this.#watchExchange(nowMs);
        break;
      case 'tunnel':
        if (nowMs >= this.#tunnelUntilMs || this.#rates.isWriteStalled(nowMs, this.#timeoutMs)) this.#socket.destroy();
        break;
      case 'lingering':
        this.#watchLinger(nowMs);
        break;
      case 'closed':
        this.#context.deadlines.remove(this);
        break;
    }
  }

  get activity(): 'idle' | 'active' | 'tunnel' {
    if (this.state === 'tunnel') return 'tunnel';
    return this.state === 'exchange' ? 'active' : 'idle';
  }

  /** The next request is judged by them. */
  routesChanged(): void {}

  closeIfIdle(): void {
    if (this.state === 'head' && this.#headStartedMs === 0) this.#end();
  }

  readUnread(): void {
    readUnread(this.#socket, this);
  }

  /** Server shutdown, the limit is reached. */
  destroy(): void {
    this.#socket.destroy();
  }

  openBody(): void {
    this.#rates.startBody();
    this.#advance();
    this.#updateReading();
  }

  resumeBody(): void {
    this.#body.isHeld = false;
    if (this.state === 'tunnel' || this.state === 'exchange') this.#advance();
    this.#updateReading();
  }

  lingerBody(): void {
    this.#rates.startLinger(this.#context.deadlines.nowMs + lingerTimeMs, this.#body.received + lingerBytesMax);
  }

  answered(keepAlive: boolean): void {
    if (this.state === 'closed') return;
    if (!keepAlive || !this.#body.isDone || this.#body.rejection !== null || this.isClosing) {
      this.#end();
      return;
    }
    this.state = 'head';
    this.deadlineMs = this.#context.deadlines.nowMs + this.#timeoutMs;
    this.#advance();
    this.#updateReading();
  }

  writeError(failure: StoredFailure): boolean {
    const keepAlive = this.request.keepAlive && this.#body.isDone && !this.isClosing && failure.status !== 408;
    this.#writeError(failure, !keepAlive, failure.retryAfterSeconds);
    return keepAlive;
  }

  cut(): void {
    if (this.exchange.answer.endsWithConnection) resetSocket(this.#socket);
    else this.#socket.destroy();
  }

  tunnelOpened(): void {
    this.state = 'tunnel';
    this.#body.isHeld = false;
    this.#advance();
    this.#updateReading();
  }

  tunnelEnded(): void {
    if (this.state !== 'closed') this.#end();
  }

  get #timeoutMs(): number {
    return this.site?.connectionTimeoutMs ?? newConnectionTimeoutMs;
  }

  get #minRate(): number {
    return this.#context.routing.minBytesPerSecond;
  }

  /** Takes as many requests (and body bytes) as the state of affairs allows. @returns what was used up. */
  #consume(buffer: Buffer, start: number, end: number): number {
    this.#isConsuming = true;
    let at = start;
    let before = -1;
    while (at < end && at !== before) {
      before = at;
      switch (this.state) {
        case 'head':
          at = this.#readHead(buffer, at, end);
          break;
        case 'exchange':
          at = this.#readBody(buffer, at, end);
          break;
        case 'tunnel':
          if (this.#body.isHeld) break;
          this.#body.isHeld = !this.exchange.body(buffer, at, end);
          at = end;
          break;
        case 'lingering':
          this.#lingered += end - at;
          if (this.#lingered > lingerBytesMax) this.#socket.destroy();
          at = end;
          break;
        case 'closed':
          at = end;
          break;
      }
    }
    this.#isConsuming = false;
    return at;
  }

  /** Goes on with the held bytes after something changed. */
  #advance(): void {
    const held = this.#held;
    if (this.#isConsuming || held.isEmpty) return;
    held.consumed(this.#consume(held.buffer, held.start, held.end));
    if (this.#hasClientEnded && held.isEmpty && this.state === 'tunnel') this.#endTunnel();
  }

  /** The client half-closed its tunnel and its last byte is handed on. */
  #endTunnel(): void {
    if (this.exchange.clientEndedTunnel()) {
      this.#tunnelUntilMs = this.#context.deadlines.nowMs + this.#timeoutMs;
      return;
    }
    this.exchange.clientGone('fin');
    this.#end();
  }

  #updateReading(): void {
    const isBusy = this.state === 'exchange' || this.state === 'tunnel';
    const pause = isBusy && (this.#body.isHeld || this.#held.size >= pipelineBufferBytesMax);
    if (pause === this.#isPaused || this.state === 'closed') return;
    this.#isPaused = pause;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }

  #readHead(buffer: Buffer, at: number, end: number): number {
    const used = parseRequestHead(buffer, at, end, at + this.#scanned, this.request, this.forward.peerScheme);
    if (used === headIncomplete) {
      this.#scanned = end - at;
      if (this.#headStartedMs === 0) {
        this.#headStartedMs = this.#context.clock.monotonicMs();
        this.deadlineMs = this.#headStartedMs + this.#context.routing.headerWaitTimeoutMs;
      }
      return at;
    }
    this.#scanned = 0;
    this.#headStartedMs = 0;
    if (used === headRejected) {
      this.#body.isDone = false;
      this.#refuse(this.request.rejection ?? headerWait);
      return end;
    }
    this.#startRequest();
    return at + used;
  }

  #readBody(buffer: Buffer, at: number, end: number): number {
    const body = this.#body;
    if (!body.isTaken(this.exchange)) return at;
    const next = body.feed(buffer, at, end, this.exchange);
    if (body.rejection !== null) this.exchange.refuse({ ...body.rejection, title: '', retryAfterSeconds: 0 });
    return next;
  }

  #startRequest(): void {
    const { request } = this;
    this.exchange.startedMs = this.#context.clock.monotonicMs();
    this.#body.begin(request, 0);
    const route = this.router.route(request);
    const application = route === null ? undefined : this.#context.routing.applications[route.index];
    if (route === null || application === undefined) return this.#refuse(this.router.rejection);
    this.#body.begin(request, route.application.maxAllowedContentLength);
    this.state = 'exchange';
    this.deadlineMs = 0;
    this.#rates.startExchange();
    this.exchange.begin(application);
  }

  /** A request that no worker sees. Goes on only if the client cannot have anything unread on its way. */
  #refuse(rejection: Rejection): void {
    const { status, subStatus, reason } = rejection;
    const isHarmless = (status === 404 || status === 429 || status === 307) && rejection !== noHost;
    const keepAlive = isHarmless && this.#body.isDone && this.request.keepAlive;
    this.#writeError(rejection, !keepAlive || this.isClosing, 0);
    this.#context.refused(this, { status, subStatus, reason, site: this.site?.name ?? '', pool: '' });
    this.answered(keepAlive);
  }

  #writeError(failure: Rejection | StoredFailure, close: boolean, retryAfterSeconds: number): void {
    const fields = this.router.fieldsFor(this.request, failure);
    const frame = { close, retryAfterSeconds, date: this.#context.core.date(), fields };
    this.output.text(errorText(this.request, failure, frame));
    this.output.flush();
  }

  /** Half-closes after what is written, and reads on a little so that the client gets it. */
  #end(): void {
    if (this.state === 'closed' || this.state === 'lingering') return;
    this.state = 'lingering';
    this.deadlineMs = this.#context.deadlines.nowMs + lingerTimeMs;
    this.#held.clear();
    this.#socket.end();
    this.#updateReading();
    this.sockets.close();
    if (this.#socket.readableEnded) this.#socket.destroySoon();
  }

  #watchLinger(nowMs: number): void {
    const isTaken = this.output.backlog > 0 && !this.#rates.isWriteTooSlow(nowMs, this.#minRate, this.#timeoutMs);
    if (isTaken) this.deadlineMs = nowMs + lingerTimeMs;
    else this.#socket.destroy();
  }

  #watchExchange(nowMs: number): void {
    const { exchange } = this;
    if (this.#rates.isWriteTooSlow(nowMs, this.#minRate, this.#timeoutMs)) {
      exchange.reason = 'MinBytesPerSecond';
      this.cut();
      return;
    }
    const reason = this.#rates.bodyTooSlow(nowMs, exchange, this.#body, this.#minRate, this.#timeoutMs);
    if (reason !== '') exchange.refuse({ status: 408, subStatus: 0, reason, title: '', retryAfterSeconds: 0 });
  }
}
