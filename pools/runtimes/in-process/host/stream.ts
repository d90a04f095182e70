// HOT: measured by test/bench/host.bench.ts
/**
 * One stream of a link = one virtual socket of the app. Frames are queued by the link's callback and
 * handed to the app in macrotasks of their own (`deliver`): the body frames of one read share one.
 */
import { EndFlag, FrameType, RequestFlag } from '../../../link/frames.js';
import { ReceiveWindow } from '../../../link/flow.js';
import type { DecodedRequest, StreamAddresses } from '../../../link/payloads.js';
import { Answer, type AnswerLink } from './answer.js';
import type { App } from './app.js';
import { runSoon, runSoonFromClean } from './clean-context.js';
import type { FakeHandle, HandleOwner } from './fake-handle.js';
import { coarseNowMs } from './host-clock.js';
import type { IncomingInternals } from './node-internals.js';
import { Requests, systemError } from './requests.js';
import { emitConnection } from './seam.js';
import type { SocketOwner, VirtualSocket, WriteCallback, WritePiece } from './virtual-socket.js';

/** A frame that waits for its macrotask. */
export interface Delivery {
  readonly type: FrameType;
  readonly flags: number;
  readonly request: DecodedRequest | null;
  readonly body: Buffer | null;
  readonly trailers: readonly string[] | null;
}

export interface StreamLink extends AnswerLink {
  /** The stream is over for this side: forget its id. */
  forget(streamId: number): void;
  /** Requests in flight went up or down by one. */
  countInFlight(change: 1 | -1): void;
  readonly isDraining: boolean;
}

export class Stream implements HandleOwner, SocketOwner {
  readonly id: number;
  readonly app: App;
  readonly handle: FakeHandle;
  readonly answer: Answer;
  readonly requests: Requests;
  socket: VirtualSocket | null = null;
  request: IncomingInternals | null = null;
  /** Set when nothing is in flight; for the sweep. */
  idleSinceMs = coarseNowMs();
  /** Body or Trailers frames of the current request are still to come. */
  bodyOpen = false;
  /** A request was accepted and its answer is not finished; an upgraded stream stays so. */
  answering = false;
  upgraded = false;
  readonly #link: StreamLink;
  readonly #encrypted: boolean;
  readonly #received = new ReceiveWindow();
  #queue: Delivery[] = [];
  #scheduled = false;
  #finSent = false;
  #asksUpgrade = false;
  /** The app was told that the client has ended. */
  #endSeen = false;
  /** A request was refused behind our Fin: what follows on this stream belongs to it. */
  #isDeaf = false;
  /** The listener said Fin, Reset or Close: it needs no farewell. */
  #peerGone = false;
  #closing = false;
  /** Closing for our own reasons: the client is not to notice. */
  #isQuiet = false;

  constructor(link: StreamLink, id: number, app: App, addresses: StreamAddresses, encrypted: boolean) {
    this.#link = link;
    this.id = id;
    this.app = app;
    this.#encrypted = encrypted;
    this.handle = app.createHandle(this, addresses);
    this.answer = new Answer(link, id);
    this.requests = new Requests(this);
    runSoonFromClean(openStream, this);
  }

  get isIdle(): boolean {
    return !this.answering && !this.bodyOpen && !this.upgraded && this.#queue.length === 0;
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  /** Makes the virtual socket and tells the app; a macrotask of its own, before the first request's. */
  open(): void {
    if (this.#closing) return;
    if (!this.app.admits(this.handle)) {
      this.handle.close();
      return;
    }
    const server = this.app.server;
    const socket = this.app.createSocket(this, this.handle, this.#encrypted);
    this.socket = socket;
    socket.server = server;
    socket._server = server;
    server._connections += 1;
    this.app.sockets.add(socket);
    emitConnection(server, socket, this.app.connectionEvent, this.app.seam !== null);
    this.app.announceSocket(socket);
  }

  /** Called by the link for each frame of this stream, in its read callback. */
  receive(delivery: Delivery): void {
    if (this.#closing || (this.#isDeaf && isOfRequest(delivery.type))) {
      if (delivery.type === FrameType.Request) this.#refuse();
      return;
    }
    if (delivery.type === FrameType.Request) this.#accept(delivery.flags);
    if (delivery.type === FrameType.Body && !this.#received.receive(delivery.body?.length ?? 0)) {
      this.socket?.destroy();
      return;
    }
    this.#queue.push(delivery);
    if (!this.#scheduled) {
      this.#scheduled = true;
      runSoonFromClean(deliverStream, this);
    }
    // Behind the end itself, which an app that reads hears first.
    if (isEnd(delivery.type) && !this.#isTunnel()) runSoonFromClean(leaveStream, this);
  }

  /** Its Fin ends one direction only. Without the seam nobody tells us that an upgrade was accepted. */
  #isTunnel(): boolean {
    return this.upgraded || (this.#asksUpgrade && this.app.seam === null);
  }

  /** A client that is gone takes no more bytes: what waits for it must not wait for ever. */
  leave(): void {
    if (!this.#closing) this.answer.leave(() => (this.#endSeen ? null : brokenPipe()));
  }

  #accept(flags: number): void {
    this.bodyOpen = (flags & RequestFlag.body) !== 0;
    this.#asksUpgrade = (flags & RequestFlag.upgrade) !== 0;
    if (this.answering) return;
    this.answering = true;
    this.#link.countInFlight(1);
  }

  /**
   * Hands the queue to the app, in the stream's macrotask. A throw of the app leaves the rest for the next.
   * What an app enters (`enterWith`) lasts until the macrotask ends: no request begins in one that called it.
   */
  deliver(): void {
    this.#scheduled = false;
    let isClean = true;
    try {
      while (this.#queue.length > 0 && this.#mayDeliver() && (isClean || continues(this.#queue[0]))) {
        const next = this.#queue.shift();
        isClean = false;
        if (next !== undefined) this.#deliverOne(next);
      }
    } finally {
      if (this.#queue.length > 0 && this.#mayDeliver()) this.#schedule();
    }
  }

  /** A paused app gets nothing, not even the end: as when bytes stay in the kernel. Requests always pass. */
  #mayDeliver(): boolean {
    if (this.socket === null || this.#closing) return false;
    return this.handle.reading || this.#queue[0]?.type === FrameType.Request;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    runSoon(deliverStream, this);
  }

  #deliverOne(delivery: Delivery): void {
    const { type, flags, body } = delivery;
    const requests = this.requests;
    if (type === FrameType.Request && this.#finSent) this.#refuseBehindFin();
    else if (type === FrameType.Request && delivery.request !== null) requests.begin(delivery.request, flags);
    else if (type === FrameType.Body) {
      if (body !== null && body.length > 0) this.#deliverBody(body);
      if ((flags & EndFlag) !== 0) this.#completeBody([]);
    } else if (type === FrameType.Trailers) this.#completeBody(delivery.trailers ?? []);
    else if (type === FrameType.Fin || type === FrameType.Close) {
      this.#peerGone = type === FrameType.Close;
      this.#endSeen = true;
      requests.endOfInput(this.bodyOpen);
    } else if (type === FrameType.Reset) {
      this.#peerGone = true;
      requests.reset();
    }
  }

  #deliverBody(body: Buffer): void {
    this.handle.bytesRead += body.length;
    const credit = this.#received.release(body.length);
    if (credit > 0) {
      this.#link.writer.number(FrameType.Credit, 0, this.id, credit);
      this.#link.requestFlush();
    }
    this.requests.body(body);
  }

  #completeBody(trailers: readonly string[]): void {
    this.bodyOpen = false;
    try {
      this.requests.complete(trailers);
    } finally {
      this.#releaseIfDraining();
    }
  }

  /** The listener accepts more answer bytes. */
  grant(bytes: number): void {
    if (this.answer.grant(bytes)) runSoonFromClean(pumpStream, this);
  }

  pump(): void {
    if (this.#closing) return;
    if (this.socket?.timeout) this.socket._unrefTimer();
    this.answer.pump(this.handle);
  }

  writePieces(pieces: readonly WritePiece[], callback: WriteCallback): void {
    if (this.socket !== null) this.answer.writePieces(this.socket, this.handle, pieces, callback);
  }

  writePiece(chunk: Buffer | string, encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.socket !== null) this.answer.writePiece(this.socket, this.handle, chunk, encoding, callback);
  }

  answered(): void {
    this.answer.finish();
    this.#stopAnswering();
    this.#releaseIfDraining();
  }

  becameIdle(): void {
    this.requests.timerNoted = true;
  }

  #stopAnswering(): void {
    this.idleSinceMs = coarseNowMs();
    if (!this.answering) return;
    this.answering = false;
    this.#link.countInFlight(-1);
  }

  #releaseIfDraining(): void {
    if (this.#link.isDraining && this.isIdle) runSoon(releaseStream, this);
  }

  /** Ends the virtual socket if nothing is in flight; the client's connection stays. */
  releaseIfIdle(): void {
    if (!this.isIdle || this.#closing) return;
    this.#isQuiet = true;
    this.socket?.destroy();
  }

  readStarted(): void {
    if (this.#queue.length > 0) this.#schedule();
  }

  resetting(): void {
    this.answer.isRaw = false;
  }

  shutDown(): void {
    if (this.#finSent || this.#peerGone || this.#closing) return;
    this.#finSent = true;
    this.#link.writer.empty(FrameType.Fin, 0, this.id);
    this.#link.requestFlush();
  }

  closing(): void {
    if (this.#closing) return;
    const isUnseen = this.#isQuiet || this.#finSent;
    const wasRefused = isUnseen && this.#queue.some((one) => one.type === FrameType.Request);
    this.#closing = true;
    this.#queue = [];
    this.answer.abandon();
    if (wasRefused) this.#refuse();
    else if (!this.#finSent && !this.#peerGone) this.#sayGoodbye();
    this.#stopAnswering();
    this.#link.forget(this.id);
  }

  #sayGoodbye(): void {
    this.#link.writer.empty(this.#farewell(), 0, this.id);
    this.#link.requestFlush();
  }

  #farewell(): FrameType {
    if (this.#isQuiet) return FrameType.Closed;
    // Node's own error answers: written to the socket, which is destroyed right behind.
    return this.answer.isRaw && !this.upgraded ? FrameType.Fin : FrameType.Reset;
  }

  #refuse(): void {
    this.#link.writer.empty(FrameType.Refused, 0, this.id);
    this.#link.requestFlush();
  }

  /** The app ended its side before it saw this request: nobody could answer it here. */
  #refuseBehindFin(): void {
    this.#isDeaf = true;
    this.#queue = this.#queue.filter((one) => !isOfRequest(one.type));
    this.bodyOpen = false;
    this.#stopAnswering();
    this.#refuse();
  }

  aboutToClose(): void {
    if (this.socket !== null) this.app.sockets.delete(this.socket);
    this.requests.abort();
  }

  /** The process ends: collects what the app has written, and the end mark if its answer is complete. */
  collectAtExit(): void {
    this.answer.collectAll(this.handle);
    const isComplete = this.socket?._httpMessage?.writableEnded === true && this.socket.writableLength === 0;
    if (this.answering && isComplete && !this.#finSent) this.answer.finish();
  }

  /** The link broke: for the app the client is gone, whatever still waits here. */
  lost(): void {
    this.#peerGone = true;
    this.#queue = [];
    runSoon(resetStream, this);
  }
}

/** Body bytes go on in the macrotask of what came before them, as the bytes of one read do alone. */
function continues(delivery: Delivery | undefined): boolean {
  return delivery?.type === FrameType.Body || delivery?.type === FrameType.Trailers;
}

function isEnd(type: FrameType): boolean {
  return type === FrameType.Fin || type === FrameType.Reset || type === FrameType.Close;
}

function brokenPipe(): Error {
  return Object.assign(systemError('write EPIPE', 'EPIPE'), { errno: -32, syscall: 'write' });
}

function isOfRequest(type: FrameType): boolean {
  return type === FrameType.Request || type === FrameType.Body || type === FrameType.Trailers;
}

function resetStream(stream: Stream): void {
  if (!stream.isClosing) stream.requests.reset();
}

function openStream(stream: Stream): void {
  stream.open();
}

function deliverStream(stream: Stream): void {
  stream.deliver();
}

function pumpStream(stream: Stream): void {
  stream.pump();
}

function leaveStream(stream: Stream): void {
  stream.leave();
}

function releaseStream(stream: Stream): void {
  stream.releaseIfIdle();
}
