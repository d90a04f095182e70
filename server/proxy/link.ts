// HOT: measured by test/bench/main.ts
import type { Socket } from 'node:net';
import { unreachable } from '../../config/base/invariant.js';
import {
  linkHelloTimeoutMs,
  linkPingIntervalMs,
  linkProtocolVersion,
  linkStreamsMax,
  streamReuseWithBodyMs,
  unreachableRestMs,
} from '../../config/base/limits.js';
import { FrameType } from '../../pools/link/frames.js';
import { decodeHello, decodeNumber, encodeHello } from '../../pools/link/payloads.js';
import { type FrameHandler, FrameReader } from '../../pools/link/reader.js';
import { FrameWriter } from '../../pools/link/writer.js';
import type { ProxyCore } from './core.js';
import type { Expiring } from './deadlines.js';
import type { Exchange } from './exchange.js';
import { LinkStream } from './link-stream.js';
import { type ByteSink, connectSocket } from './raw-socket.js';
import type { Transport } from './upstream.js';
import type { Worker } from './worker.js';

/**
 * Resting --open()--> Greeting (hello sent) --worker's hello--> Open --break--> Resting (tried again) or Closed
 */
type LinkState = 'resting' | 'greeting' | 'open' | 'closed';

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
  #reader = new FrameReader(this);
  writer: FrameWriter;
  #lastStreamId = 0;
  #lastPingMs = 0;
  #flushScheduled = false;
  readonly #flushNow = (): void => {
    this.#flushScheduled = false;
    if (this.#socket?.writable === true) this.writer.flush();
  };
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
    return this.#state === 'open' && !this.isLeaving && this.#streams.size < linkStreamsMax;
  }

  /** Coarse: for idle times. */
  nowMs(): number {
    return this.core.deadlines.nowMs;
  }

  begin(exchange: Exchange): LinkStream {
    const stream = this.#streamFor(exchange);
    stream.request(exchange);
    return stream;
  }

  probe(nowMs: number): void {
    if (nowMs - this.#lastPingMs < linkPingIntervalMs || this.#state !== 'open') return;
    this.#lastPingMs = nowMs;
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
    this.#flushNow();
    this.#reader.stop();
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroySoon();
    this.#loseStreams();
  }

  scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(this.#flushNow);
  }

  forget(stream: LinkStream): void {
    this.#streams.delete(stream.id);
  }

  /** Asked for again by the primary: connects at once if there is no link. */
  reopen(): void {
    if (this.#state === 'resting') this.writer = this.#open();
    else if (this.#state === 'open')
      this.core.say({ type: 'link', workerId: this.#worker.workerId, up: true, error: '' });
  }

  onDeadline(): void {
    if (this.#state === 'greeting') this.#break('the worker did not answer the hello');
    else if (this.#state === 'resting') this.writer = this.#open();
    else this.deadlineMs = Infinity;
  }

  // FrameHandler

  onFrame(type: FrameType, flags: number, _aux: number, id: number, buffer: Buffer, start: number, end: number): void {
    if (type === FrameType.Answer) {
      const stream = this.#streams.get(id);
      if (stream !== undefined && !stream.onAnswer(flags, buffer, start, end)) this.#break('answer beyond its window');
      return;
    }
    if (this.#state === 'greeting') {
      this.#greeted(type, buffer, start, end);
      return;
    }
    this.#onControl(type, id, buffer, start, end);
  }

  #onControl(type: FrameType, id: number, buffer: Buffer, start: number, end: number): void {
    const stream = this.#streams.get(id);
    switch (type) {
      case FrameType.Credit:
        stream?.onCredit(Math.max(0, decodeNumber(buffer, start, end)));
        break;
      case FrameType.Closed:
        if (stream?.isIdle === true) stream.end();
        break;
      case FrameType.Refused:
        stream?.lose('refused');
        break;
      case FrameType.Fin:
        stream?.onFin();
        break;
      case FrameType.Reset:
        stream?.lose('app-reset');
        break;
      case FrameType.Goaway:
        this.isLeaving = true;
        break;
      case FrameType.Pong:
        this.#worker.totalInFlight = Math.max(0, decodeNumber(buffer, start + 4, end));
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

  #streamFor(exchange: Exchange): LinkStream {
    const { streams } = exchange.client;
    for (const stream of streams) {
      if (stream.link !== this || !stream.isIdle) continue;
      // The worker may be sweeping it just now; a body that is under way then could not be sent again.
      if (exchange.request.framing === 'none') return stream;
      if (exchange.startedMs - stream.idleSinceMs < streamReuseWithBodyMs) return stream;
      stream.close();
      break;
    }
    this.#lastStreamId += 1;
    const stream = new LinkStream(this.#lastStreamId, this, streams);
    this.#streams.set(stream.id, stream);
    streams.push(stream);
    return stream;
  }

  #open(): FrameWriter {
    this.#reader = new FrameReader(this);
    this.#state = 'greeting';
    this.deadlineMs = this.nowMs() + linkHelloTimeoutMs;
    const sink: ByteSink = {
      onBytes: (buffer, length) => this.#onBytes(socket, buffer, length),
      onEnd: () => this.#onEnded(socket, 'closed by the worker'),
      // Bodies are bounded by the stream windows: nobody waits for the socket itself.
      onDrain: () => undefined,
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
    if (this.#socket === socket) this.#break(error);
  }

  /** The link is no more. It is tried again until the primary says that the worker is gone. */
  #break(error: string): void {
    if (this.#state === 'resting' || this.#state === 'closed') return;
    this.#state = 'resting';
    this.#reader.stop();
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    this.deadlineMs = this.nowMs() + unreachableRestMs;
    this.core.say({ type: 'link', workerId: this.#worker.workerId, up: false, error });
    this.core.unreachable(this.#worker, error);
    this.#loseStreams();
  }

  #loseStreams(): void {
    for (const stream of this.#streams.values()) stream.lose('lost');
  }
}
