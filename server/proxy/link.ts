// HOT: measured by test/bench/main.ts
import type { Socket } from 'node:net';
import { unreachable } from '../../config/base/invariant.js';
import {
  linkBacklogBytesMax,
  linkFramesPerTurnMax,
  linkHelloTimeoutMs,
  linkPingIntervalMs,
  linkProtocolVersion,
  linkStreamsMax,
  streamReuseWithBodyMs,
  unreachableRestMs,
  writeScratchBytes,
} from '../../config/base/limits.js';
import { FrameType } from '../../pools/link/frames.js';
import { decodeHello, decodeNumber, encodeHello } from '../../pools/link/payloads.js';
import { type FrameHandler, FrameReader } from '../../pools/link/reader.js';
import { FrameWriter } from '../../pools/link/writer.js';
import type { ProxyCore } from './core.js';
import type { Expiring } from './deadlines.js';
import type { Exchange } from './exchange.js';
import { LinkStream } from './link-stream.js';
import { StrayFrames } from './link-strays.js';
import { type ByteSink, connectSocket } from './raw-socket.js';
import { giveBack, takeBuffer } from './spare-buffers.js';
import { TakenBack } from './taken-back.js';
import type { Transport } from './upstream.js';
import type { Worker } from './worker.js';

/**
 * Resting --open()--> Greeting (hello sent) --worker's hello--> Open --break--> Resting (tried again) or Closed
 */
type LinkState = 'resting' | 'greeting' | 'open' | 'closed';

/** A piece of an answer that is small and stood alone costs a write to its client, which takes longer than most frames. */
const crumbBytes = 256;
const crumbCost = 4;

/** The listener's end of the socket that carries all its streams to one in-process worker. */
export class Link implements Transport, FrameHandler, Expiring {
  deadlineMs = Infinity;
  deadlineIndex = -1;
  readonly #worker: Worker;
  readonly core: ProxyCore;
  readonly #path: string;
  readonly #token: string;
  readonly #streams = new Map<number, LinkStream>();
  #state: LinkState = 'resting';
  #socket: Socket | null = null;
  #reader = new FrameReader(this, FrameType.Answer);
  writer: FrameWriter;
  #lastStreamId = 0;
  #lastPingMs = 0;
  #flushScheduled = false;
  readonly #endOfTurn = (): void => {
    this.#flushScheduled = false;
    if (this.#takenBack.isDue) this.#askForTakenBack();
    this.#flush();
    this.#framesInTurn = 0;
    if (this.#reader.isPaused) this.#resumeInput();
  };
  #framesInTurn = 0;
  strays = new StrayFrames();
  #pingsOpen = 0;
  readonly #takenBack = new TakenBack();
  /** More waits for the worker than it may let wait. */
  #isChoked = false;
  /** Streams whose body or credit waits for a choked link. */
  readonly #heldBack = new Set<LinkStream>();
  /** Buffers in frames that wait for the flush, and in frames that wait for the kernel. */
  #lent: Buffer[] = [];
  #leaving: Buffer[] = [];
  /** No further request may start: the worker said goaway, or it is drained. */
  isLeaving = false;

  constructor(worker: Worker, core: ProxyCore, path: string, token: string) {
    this.#worker = worker;
    this.core = core;
    this.#path = path;
    this.#token = token;
    this.#socket = null;
    this.writer = this.#open();
    core.deadlines.add(this);
  }

  get isReady(): boolean {
    return this.#state === 'open' && !this.isLeaving && !this.#isChoked && this.#streams.size < linkStreamsMax;
  }

  /** Coarse: for idle times. */
  nowMs(): number {
    return this.core.deadlines.nowMs;
  }

  begin(exchange: Exchange): LinkStream {
    const worker = this.#worker;
    if (worker.inFlight + worker.abandoned === 1) worker.wokenMs = exchange.handedMs;
    const stream = this.#streamFor(exchange);
    stream.request(exchange);
    return stream;
  }

  probe(nowMs: number): void {
    if (nowMs - this.#lastPingMs < linkPingIntervalMs || this.#state !== 'open' || this.#isChoked) return;
    this.#lastPingMs = nowMs;
    this.#pingsOpen += 1;
    this.writer.number(FrameType.Ping, 0, 0, 1);
    this.scheduleFlush();
  }

  drain(): void {
    this.isLeaving = true;
    for (const stream of this.#streams.values()) if (stream.isIdle) stream.close();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.core.deadlines.remove(this);
    this.#flush();
    this.#reader.stop();
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroySoon();
    this.#loseStreams();
  }

  scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(this.#endOfTurn);
  }

  /** A copy of bytes for the writer, until the kernel has them. */
  keep(buffer: Buffer, start: number, end: number): Buffer {
    if (end - start > writeScratchBytes) return Buffer.from(buffer.subarray(start, end));
    const own = takeBuffer();
    this.#lent.push(own);
    return own.subarray(0, buffer.copy(own, 0, start, end));
  }

  /** Something large was collected: if too much waits, nothing further starts until the worker has read. */
  noteBacklog(): void {
    if (this.writer.pendingBytes > linkBacklogBytesMax) this.#isChoked = true;
  }

  /** @returns true when the stream has to wait for `onLinkDrained`. */
  holdsBack(stream: LinkStream): boolean {
    if (this.#isChoked) this.#heldBack.add(stream);
    return this.#isChoked;
  }

  /** A frame just written takes a request back. @returns whether `over` is called when the worker has read it. */
  tookBack(over: () => void): boolean {
    if (this.#state !== 'open') return false;
    this.#takenBack.add(over);
    this.scheduleFlush();
    return true;
  }

  forget(stream: LinkStream): void {
    this.#streams.delete(stream.id);
    this.#heldBack.delete(stream);
  }

  /** Asked for again by the primary. A broken link has its rest first: a worker that drops it costs no loop. */
  reopen(): void {
    if (this.#state === 'open') this.core.say({ type: 'link', workerId: this.#worker.workerId, up: true, error: '' });
  }

  onDeadline(): void {
    if (this.#state === 'greeting') this.#break('the worker did not answer the hello');
    else if (this.#state === 'resting') this.writer = this.#open();
    else this.deadlineMs = Infinity;
  }

  // FrameHandler

  onFrame(type: FrameType, flags: number, _aux: number, id: number, buffer: Buffer, start: number, end: number): void {
    const before = this.#framesInTurn;
    const isCrumb = type === FrameType.Answer && flags === 0 && end - start < crumbBytes;
    this.#framesInTurn = before + (isCrumb ? crumbCost : 1);
    if (before < linkFramesPerTurnMax && this.#framesInTurn >= linkFramesPerTurnMax) this.#pauseInput();
    const stream = this.#streams.get(id);
    if (type === FrameType.Answer) {
      if (stream === undefined) this.#onStray(end - start);
      else if (!stream.onAnswer(flags, buffer, start, end)) this.#break('answer beyond its window');
    } else if (this.#state === 'greeting') this.#greeted(type, buffer, start, end);
    else this.#onControl(type, stream, buffer, start, end);
  }

  #onControl(type: FrameType, stream: LinkStream | undefined, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case FrameType.Credit:
        if (stream === undefined) this.#onStray(end - start);
        else if (!stream.onCredit(decodeNumber(buffer, start, end))) this.#break('credit beyond its window');
        break;
      case FrameType.Closed:
        if (stream?.isIdle === true) stream.end();
        else this.#onStray(end - start);
        break;
      case FrameType.Refused:
        if (stream === undefined) this.#onStray(end - start);
        else stream.lose('refused');
        break;
      case FrameType.Fin:
        if (stream === undefined) this.#onStray(end - start);
        else stream.onFin();
        break;
      case FrameType.Reset:
        if (stream === undefined) this.#onStray(end - start);
        else stream.onReset();
        break;
      case FrameType.Goaway:
        this.isLeaving = true;
        this.#onStray(end - start);
        break;
      case FrameType.Pong:
        this.#pingsOpen -= 1;
        if (this.#pingsOpen < 0) this.#break('pong without a ping');
        else this.#worker.totalInFlight = Math.max(0, decodeNumber(buffer, start + 4, end));
        if (this.#takenBack.pong()) this.scheduleFlush();
        break;
      case FrameType.Hello:
      case FrameType.Request:
      case FrameType.Body:
      case FrameType.Trailers:
      case FrameType.Close:
      case FrameType.Ping:
      case FrameType.Answer:
        this.#break(`unexpected frame of type ${type}`);
        break;
      default:
        unreachable(type);
    }
  }

  /** A frame that concerns no stream, or not any more: free for the worker, and therefore counted. */
  #onStray(payloadBytes: number): void {
    if (!this.strays.receive(payloadBytes)) this.#break('frames that belong to no stream');
  }

  #streamFor(exchange: Exchange): LinkStream {
    const { sockets, forward } = exchange.client;
    const kept = sockets.idle(this, forward);
    if (kept !== null) {
      // The worker may be sweeping it just now; a body that is under way then could not be sent again.
      if (exchange.request.framing === 'none') return kept;
      if (exchange.startedMs - kept.idleSinceMs < streamReuseWithBodyMs) return kept;
      kept.close();
    }
    this.#lastStreamId += 1;
    const stream = new LinkStream(this.#lastStreamId, this, sockets, forward);
    this.#streams.set(stream.id, stream);
    sockets.add(stream);
    return stream;
  }

  #open(): FrameWriter {
    this.#reader = new FrameReader(this, FrameType.Answer);
    this.strays = new StrayFrames();
    // Those of a broken link may still be in a write: they are never used again.
    this.#lent = [];
    this.#leaving = [];
    this.#pingsOpen = 0;
    this.#isChoked = false;
    this.#state = 'greeting';
    this.deadlineMs = this.nowMs() + linkHelloTimeoutMs;
    const sink: ByteSink = {
      onBytes: (buffer, length) => this.#onBytes(socket, buffer, length),
      onEnd: () => this.#onEnded(socket, 'closed by the worker'),
      onDrain: () => {
        if (this.#socket !== socket) return;
        this.#takeBack();
        this.#unchoke();
      },
      onClosed: (code) => this.#onEnded(socket, code === '' ? 'closed' : code),
    };
    const socket = connectSocket({ path: this.#path }, sink, () => undefined);
    this.#socket = socket;
    const writer = new FrameWriter(socket);
    const hello = { protocol: linkProtocolVersion, token: this.#token, listener: this.core.listenerId };
    writer.latin1(FrameType.Hello, 0, 0, 0, encodeHello(hello));
    writer.flush();
    return writer;
  }

  #greeted(type: FrameType, buffer: Buffer, start: number, end: number): void {
    const hello = type === FrameType.Hello ? decodeHello(buffer, start, end) : null;
    if (hello === null || hello.protocol !== linkProtocolVersion) {
      this.#break('the worker speaks another protocol');
      return;
    }
    this.#state = 'open';
    this.deadlineMs = Infinity;
    this.core.say({ type: 'link', workerId: this.#worker.workerId, up: true, error: '' });
    this.core.workerReady(this.#worker);
  }

  /** A socket of an earlier attempt may still speak. */
  #onBytes(socket: Socket, buffer: Buffer, length: number): void {
    if (this.#socket !== socket) return;
    const error = this.#reader.push(buffer, 0, length);
    if (error !== null) this.#break(error);
  }

  #onEnded(socket: Socket, error: string): void {
    if (this.#socket !== socket) return;
    // What a worker said last counts, also if it had to wait for its turn.
    if (this.#reader.isPaused) this.#reader.resume();
    if (this.#socket === socket) this.#break(error);
  }

  #flush(): void {
    const socket = this.#socket;
    if (socket?.writable !== true) return;
    this.writer.flush();
    if (this.#lent.length > 0) this.#leaving.push(...this.#lent.splice(0));
    if (socket.writableLength > 0) return;
    this.#takeBack();
    // The kernel took all of it at once: no drain will be told.
    if (this.#isChoked) this.#unchoke();
  }

  #takeBack(): void {
    if (this.#leaving.length > 0) for (const buffer of this.#leaving.splice(0)) giveBack(buffer);
  }

  /** The worker has read: what was held back goes on, first come first served, until too much waits again. */
  #unchoke(): void {
    if (!this.#isChoked || this.#state !== 'open' || this.writer.pendingBytes > linkBacklogBytesMax) return;
    this.#isChoked = false;
    for (const stream of this.#heldBack) {
      this.#heldBack.delete(stream);
      stream.onLinkDrained();
      if (this.#isChoked) return;
    }
    this.core.workerReady(this.#worker);
  }

  /** A worker that talks much waits, not its neighbours: the rest of its frames comes in the next turn. */
  #pauseInput(): void {
    this.#reader.pause();
    this.#socket?.pause();
    this.scheduleFlush();
  }

  #resumeInput(): void {
    const error = this.#reader.resume();
    if (error !== null) this.#break(error);
    else if (!this.#reader.isPaused) this.#socket?.resume();
  }

  /** The link is no more. It is tried again until the primary says that the worker is gone. */
  #break(error: string): void {
    if (this.#state === 'resting' || this.#state === 'closed') return;
    this.#state = 'resting';
    this.#reader.stop();
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    this.deadlineMs = this.core.clock.monotonicMs() + unreachableRestMs;
    this.core.say({ type: 'link', workerId: this.#worker.workerId, up: false, error });
    this.core.unreachable(this.#worker, error);
    this.#loseStreams();
  }

  #askForTakenBack(): void {
    if (this.#state !== 'open') return;
    this.#pingsOpen += 1;
    this.#takenBack.asked(this.#pingsOpen);
    this.writer.number(FrameType.Ping, 0, 0, 1);
  }

  #loseStreams(): void {
    for (const stream of this.#streams.values()) stream.lose('lost');
    this.#takenBack.lost();
  }
}
