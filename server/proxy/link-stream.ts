// HOT: measured by test/bench/main.ts
import { linkGrownWindowBytes, linkSmallWindowBytes } from '../../config/base/limits.js';
import { ReceiveWindow, SendWindow } from '../../pools/link/flow.js';
import { AnswerFlag, EndFlag, FrameType, RequestFlag } from '../../pools/link/frames.js';
import { referenceBytes } from '../../pools/link/writer.js';
import { type ForwardContext, linkRequestFields, linkTrailers } from '../http1/forward.js';
import type { Expiring } from './deadlines.js';
import type { Exchange } from './exchange.js';
import type { Link } from './link.js';
import type { AbortCause, Upstream } from './upstream.js';
import type { VirtualSockets } from './virtual-sockets.js';

/**
 * A virtual socket: what one client connection is to one in-process worker. Requests run on it one after
 * another; it ends with the client connection, with its worker, or when the worker swept it. It belongs to one
 * client for good: an app may keep by its socket who that is.
 */
export class LinkStream implements Upstream, Expiring {
  readonly announcesEnd = true;
  readonly takesBody = true;
  deadlineMs = Infinity;
  deadlineIndex = -1;
  /** `requestTimeout` between two operations of this request; 0 = none, as by default in-process. */
  #requestTimeoutMs = 0;
  readonly id: number;
  readonly link: Link;
  /** The list of its client connection: left when this one ends. */
  readonly #siblings: VirtualSockets;
  /** As the app sees them: what the socket was opened with. */
  readonly #address: string;
  readonly #port: number;
  readonly #scheme: string;
  readonly #send = new SendWindow();
  readonly #receive: ReceiveWindow;
  /** Of the answer at hand. */
  #answerBytes = 0;
  #exchange: Exchange | null = null;
  #requests = 0;
  #isPaused = false;
  /** Answer bytes whose credit waits: for the client to take them, or for the worker to read what it is sent. */
  #unreleased = 0;
  #isBodyHeld = false;
  /** The app ended its side: no further request can be answered on it. */
  #isHalfClosed = false;
  isEnded = false;
  /** Monotonic ms of the last release. */
  idleSinceMs = 0;

  constructor(id: number, link: Link, siblings: VirtualSockets, client: ForwardContext) {
    this.id = id;
    this.link = link;
    this.#siblings = siblings;
    this.#address = client.clientAddress;
    this.#port = client.clientPort;
    this.#scheme = client.scheme;
    this.#receive = new ReceiveWindow(siblings.areSeveral ? linkSmallWindowBytes : undefined);
  }

  get isIdle(): boolean {
    return this.#exchange === null;
  }

  /** Is it this client's? Always, unless a trusted proxy brings several over one connection. */
  isOf(client: ForwardContext): boolean {
    return client.clientAddress === this.#address && client.clientPort === this.#port && client.scheme === this.#scheme;
  }

  request(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#isPaused = false;
    this.#isBodyHeld = false;
    const { request, client } = exchange;
    const { forward } = client;
    this.#requestTimeoutMs = exchange.application?.route?.requestTimeoutMs ?? 0;
    if (this.#requestTimeoutMs > 0) {
      exchange.core.deadlines.add(this);
      this.#touch();
    }
    let flags = 0;
    const isNew = this.#requests === 0;
    this.#requests += 1;
    this.#answerBytes = 0;
    if (isNew) flags |= RequestFlag.newStream;
    if (isNew && this.#siblings.areSeveral) flags |= RequestFlag.smallWindow;
    if (request.framing !== 'none') flags |= RequestFlag.body;
    if (request.expectContinue) flags |= RequestFlag.expect;
    if (request.upgradeWebSocket) flags |= RequestFlag.upgrade;
    if (request.minorVersion === 0) flags |= RequestFlag.http10;
    if (!request.keepAlive) flags |= RequestFlag.close;
    if (forward.scheme === 'https') flags |= RequestFlag.encrypted;
    let payload = linkRequestFields(request, forward) + request.method + '\n' + request.target;
    if (isNew) {
      payload += `\n${forward.clientAddress}\n${forward.clientPort}\n${client.localAddress}\n${client.localPort}`;
    }
    this.link.writer.latin1(FrameType.Request, flags, 0, this.id, payload);
    this.link.noteBacklog();
    this.link.scheduleFlush();
  }

  body(buffer: Buffer, start: number, end: number): boolean {
    this.#send.spend(end - start);
    // The writer keeps large buffers by reference until they left; this one is the reader's.
    const bytes = end - start < referenceBytes ? buffer.subarray(start, end) : this.link.keep(buffer, start, end);
    this.link.writer.bytes(FrameType.Body, 0, 0, this.id, bytes);
    this.link.scheduleFlush();
    this.#touch();
    this.link.noteBacklog();
    this.#isBodyHeld = !this.#send.isOpen || this.link.holdsBack(this);
    return !this.#isBodyHeld;
  }

  endBody(trailers: readonly string[] | null): void {
    const { writer } = this.link;
    if (trailers === null || trailers.length === 0) writer.empty(FrameType.Body, EndFlag, this.id);
    else writer.latin1(FrameType.Trailers, 0, 0, this.id, linkTrailers(trailers).slice(0, -1));
    this.link.scheduleFlush();
  }

  abort(cause: AbortCause, over: (() => void) | null): boolean {
    if (this.isEnded) return false;
    // An app that ended its side gets the client's end, not an error: the client saw its end too.
    const isEnd = cause === 'fin' || this.#isHalfClosed;
    this.link.writer.empty(isEnd ? FrameType.Fin : FrameType.Reset, 0, this.id);
    this.link.scheduleFlush();
    this.link.strays.streamEnded(true);
    this.end();
    return over !== null && this.link.tookBack(over);
  }

  pauseAnswer(): void {
    this.#isPaused = true;
    // The client is slow, not the app.
    this.deadlineMs = Infinity;
  }

  resumeAnswer(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#touch();
    this.#giveHeldCredit();
  }

  release(reusable: boolean): void {
    this.#exchange = null;
    this.idleSinceMs = this.link.nowMs();
    this.deadlineMs = Infinity;
    if (!reusable || this.#isHalfClosed || this.link.isLeaving) this.close();
    else if (this.#isPaused) {
      // The client may still be reading; what it has left to read is bounded, and the window is the next answer's.
      this.#isPaused = false;
      this.#giveHeldCredit();
    }
  }

  /** Body frames are tunnel bytes from here on; the host knows. */
  upgrade(): void {
    this.#requestTimeoutMs = 0;
    this.deadlineMs = Infinity;
  }

  endTunnel(): boolean {
    this.link.writer.empty(FrameType.Fin, 0, this.id);
    this.link.scheduleFlush();
    return true;
  }

  onDeadline(): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.deadlineMs = Infinity;
      return;
    }
    this.abort('cancel', null);
    exchange.onUpstreamLost('timeout');
  }

  /** The client connection ended, or the worker drains: no error on either side. */
  close(): void {
    if (this.isEnded) return;
    this.link.writer.empty(FrameType.Close, 0, this.id);
    this.link.scheduleFlush();
    this.link.strays.streamEnded(this.#exchange !== null);
    this.end();
  }

  /** Forgets the stream on this side; frames that still come for it are strays. */
  end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#exchange = null;
    this.link.core.deadlines.remove(this);
    this.link.forget(this);
    this.#siblings.remove(this);
    if (this.#siblings.areSeveral) this.#siblings.shrunk(this.#receive.size - linkSmallWindowBytes);
  }

  /** The worker (or the link) took the stream away. */
  lose(cause: 'refused' | 'lost' | 'stale' | 'app-reset'): void {
    const exchange = this.#exchange;
    this.end();
    exchange?.onUpstreamLost(cause);
  }

  /**
   * The app ended its side: a close-delimited answer is complete with it, any other is broken. The worker
   * keeps its half of the socket until it hears of us.
   */
  onFin(): void {
    this.#isHalfClosed = true;
    const exchange = this.#exchange;
    if (exchange === null) {
      this.close();
      return;
    }
    // The app ended an idle socket while this request was on its way to it.
    if (this.#requests > 1 && exchange.answer.isUntouched && exchange.tunnel === null) {
      this.close();
      exchange.onUpstreamLost('stale');
    } else exchange.onAnswerEnd();
  }

  /** The app destroyed its socket. A client that waits for nothing is cut off, as it would be by the app alone. */
  onReset(): void {
    const isIdle = this.isIdle;
    this.lose('app-reset');
    if (isIdle && !this.link.isLeaving) this.#siblings.idleSocketCut();
  }

  /** @returns false when the worker gives back more than it was sent. */
  onCredit(bytes: number): boolean {
    if (!this.#send.grant(bytes)) return false;
    this.#resumeBody();
    return true;
  }

  /** The worker reads again what the link sends it. */
  onLinkDrained(): void {
    if (!this.#isPaused) this.#giveHeldCredit();
    this.#resumeBody();
  }

  /** @returns false when the worker sent more than it was allowed. */
  onAnswer(flags: number, buffer: Buffer, start: number, end: number): boolean {
    const bytes = end - start;
    const exchange = this.#exchange;
    if (exchange === null) {
      // Nobody asked: such a socket is never used again, and its bytes earn no credit.
      this.close();
      return true;
    }
    if (bytes > 0) {
      if (!this.#isPaused) this.#touch();
      if (!this.#receive.receive(bytes)) return false;
      this.#answerBytes += bytes;
      exchange.onAnswer(buffer, start, end);
      if (this.isEnded) return true;
      if (this.#isPaused) this.#unreleased += bytes;
      else this.#giveCredit(bytes);
    }
    if ((flags & AnswerFlag.end) !== 0) this.#exchange?.onAnswerEnd();
    return true;
  }

  #resumeBody(): void {
    if (!this.#isBodyHeld || !this.#send.isOpen || this.link.holdsBack(this)) return;
    this.#isBodyHeld = false;
    this.#exchange?.onUpstreamReady();
  }

  #touch(): void {
    if (this.#requestTimeoutMs > 0) this.deadlineMs = this.link.core.deadlines.in(this.#requestTimeoutMs);
  }

  /** An answer larger than its window is being taken: the worker may have more of it under way. */
  #widen(): void {
    const { size } = this.#receive;
    if (this.#answerBytes < size || size >= linkGrownWindowBytes || !this.#siblings.mayGrow(size)) return;
    this.#receive.grow(size);
  }

  #giveHeldCredit(): void {
    const bytes = this.#unreleased;
    this.#unreleased = 0;
    if (bytes > 0) this.#giveCredit(bytes);
  }

  #giveCredit(bytes: number): void {
    if (this.link.holdsBack(this)) {
      this.#unreleased += bytes;
      return;
    }
    if (this.#siblings.areSeveral) this.#widen();
    const lump = this.#receive.release(bytes);
    if (lump === 0) return;
    this.link.writer.number(FrameType.Credit, 0, this.id, lump);
    this.link.scheduleFlush();
  }
}
