// HOT: measured by test/bench/host.bench.ts
/** The worker's end of one link: one unix socket to one listener, many streams. */
import net from 'node:net';
import {
  linkHelloTimeoutMs,
  linkProtocolVersion,
  linkSmallWindowBytes,
  linkStreamsMax,
  readBufferBytes,
} from '../../../../config/base/limits.js';
import { FrameType, RequestFlag } from '../../../link/frames.js';
import { type DecodedRequest, decodeFields, decodeHello, decodeNumber, decodeRequest } from '../../../link/payloads.js';
import { FrameReader } from '../../../link/reader.js';
import { FrameWriter } from '../../../link/writer.js';
import type { App } from './app.js';
import { runSoon, runSoonFromClean } from './clean-context.js';
import { writeSync } from './exit-flush.js';
import { hostClock } from './host-clock.js';
import { type Delivery, Stream, type StreamLink } from './stream.js';

/** What links share: implemented by the host. */
export interface LinkOwner {
  readonly token: string;
  readonly app: App | null;
  readonly isDraining: boolean;
  /** Requests in flight on all links. */
  readonly inFlight: number;
  countInFlight(change: 1 | -1): void;
  readonly links: Set<Link>;
}

/** One read buffer for all links: frames are copied out before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);
const writeHighBytes = 16_384;
const anyAddress = { remoteAddress: '', remotePort: 0, localAddress: '', localPort: 0 };

/** The handle's side that types leave out. */
interface SocketHandle {
  readonly fd: number;
  readonly writeQueueSize: number;
}

export class Link implements StreamLink {
  readonly writer: FrameWriter;
  readonly #owner: LinkOwner;
  readonly #socket: net.Socket;
  readonly #reader: FrameReader;
  readonly #streams = new Map<number, Stream>();
  readonly #cancelHelloTimer: () => void;
  #isGreeted = false;
  #flushScheduled = false;
  /** Parts of the write that the kernel has not taken whole. */
  #inFlightParts: Buffer[] = [];
  #waiters: (() => void)[] = [];
  #closed = false;
  /** Frames only collect from here on; the last write is a synchronous one. */
  #isExiting = false;

  constructor(owner: LinkOwner, handle: object) {
    this.#owner = owner;
    this.#reader = new FrameReader(this);
    const options = {
      handle,
      writableHighWaterMark: writeHighBytes,
      onread: { buffer: readBuffer, callback: (bytes: number) => this.#read(bytes) },
    };
    this.#socket = new net.Socket(options as net.SocketConstructorOpts);
    this.#socket.unref();
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#lost());
    this.writer = new FrameWriter(this.#target());
    this.#cancelHelloTimer = hostClock.setTimer(linkHelloTimeoutMs, () => {
      if (!this.#isGreeted) this.#socket.destroy();
    });
    owner.links.add(this);
  }

  #target(): ConstructorParameters<typeof FrameWriter>[0] {
    const socket = this.#socket;
    const written = (): void => {
      if (socket.writableLength === 0) this.#drained();
    };
    return {
      get writableLength(): number {
        return socket.writableLength;
      },
      write: (part) => {
        this.#inFlightParts.push(part);
        return socket.write(part, written);
      },
      cork: () => socket.cork(),
      uncork: () => socket.uncork(),
    };
  }

  get isDraining(): boolean {
    return this.#owner.isDraining;
  }

  #read(bytes: number): boolean {
    const error = this.#reader.push(readBuffer, 0, bytes);
    if (error !== null) this.#socket.destroy();
    // Behind the deliveries of this read: synchronous answers leave in the same turn of the loop.
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      runSoonFromClean(flushLink, this);
    }
    return true;
  }

  onFrame(type: FrameType, flags: number, _aux: number, id: number, buffer: Buffer, start: number, end: number): void {
    if (!this.#isGreeted) {
      this.#greet(type, buffer, start, end);
      return;
    }
    switch (type) {
      case FrameType.Request:
        this.#request(flags, id, buffer.toString('latin1', start, end));
        return;
      case FrameType.Body:
        this.#deliver(id, delivery(type, flags, null, this.#keep(buffer, start, end), null));
        return;
      case FrameType.Trailers:
        this.#deliver(id, delivery(type, flags, null, null, decodeFields(buffer.toString('latin1', start, end))));
        return;
      case FrameType.Fin:
      case FrameType.Reset:
      case FrameType.Close:
        this.#deliver(id, delivery(type, flags, null, null, null));
        return;
      case FrameType.Credit:
        this.#streams.get(id)?.grant(Math.max(0, decodeNumber(buffer, start, end)));
        return;
      case FrameType.Ping:
        this.writer.begin(FrameType.Pong, 0, 0, 0);
        this.writer.addNumber(Math.max(0, decodeNumber(buffer, start, end)));
        this.writer.addNumber(this.#owner.inFlight);
        this.writer.finish();
        return;
      case FrameType.Goaway:
      case FrameType.Hello:
        return;
      case FrameType.Closed:
      case FrameType.Refused:
      case FrameType.Pong:
      case FrameType.Answer:
        this.#fail();
    }
  }

  /** The first frame: protocol and token, compared in constant time; anything else ends the link. */
  #greet(type: FrameType, buffer: Buffer, start: number, end: number): void {
    const hello = type === FrameType.Hello ? decodeHello(buffer, start, end) : null;
    if (hello?.protocol !== linkProtocolVersion || !isSameToken(hello.token, this.#owner.token)) {
      this.#fail();
      return;
    }
    this.#isGreeted = true;
    this.#cancelHelloTimer();
    const text = JSON.stringify({ protocol: linkProtocolVersion });
    this.writer.latin1(FrameType.Hello, 0, 0, 0, text);
    if (this.isDraining) this.goaway();
  }

  #fail(): void {
    this.#reader.stop();
    this.#socket.destroy();
  }

  #keep(buffer: Buffer, start: number, end: number): Buffer {
    return this.#reader.isOwned ? buffer.subarray(start, end) : Buffer.from(buffer.subarray(start, end));
  }

  #request(flags: number, id: number, payload: string): void {
    const isNew = (flags & RequestFlag.newStream) !== 0;
    const request = decodeRequest(payload, isNew);
    if (request === null) {
      this.#fail();
      return;
    }
    const stream = isNew ? this.#open(id, flags, request.addresses ?? anyAddress) : this.#streams.get(id);
    if (stream === undefined) this.writer.empty(FrameType.Refused, 0, id);
    else stream.receive(delivery(FrameType.Request, flags, request, null, null));
  }

  #open(id: number, flags: number, addresses: typeof anyAddress): Stream | undefined {
    const app = this.#owner.app;
    if (app === null || this.isDraining || this.#streams.size >= linkStreamsMax || this.#streams.has(id)) {
      return undefined;
    }
    const stream = new Stream(this, id, app, addresses, (flags & RequestFlag.encrypted) !== 0);
    if ((flags & RequestFlag.smallWindow) !== 0) stream.answer.credit = linkSmallWindowBytes;
    this.#streams.set(id, stream);
    return stream;
  }

  #deliver(id: number, delivery: Delivery): void {
    this.#streams.get(id)?.receive(delivery);
  }

  forget(streamId: number): void {
    this.#streams.delete(streamId);
  }

  countInFlight(change: 1 | -1): void {
    this.#owner.countInFlight(change);
  }

  /** No new streams; idle ones go at once, the others after their answer. */
  goaway(): void {
    this.writer.empty(FrameType.Goaway, 0, 0);
    this.requestFlush();
    for (const stream of this.#streams.values()) runSoon(releaseStream, stream);
  }

  requestFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    runSoon(flushLink, this);
  }

  /** End of a turn. While the kernel owes us a write, frames go on collecting: one write at a time. */
  flush(): void {
    this.#flushScheduled = false;
    this.flushNow();
  }

  flushNow(): boolean {
    const socket = this.#socket;
    if (this.#closed || socket.destroyed) {
      this.writer.take();
      return true;
    }
    if (this.#isExiting) return true;
    if (socket.writableLength > 0) return false;
    this.#inFlightParts = [];
    this.writer.flush();
    return socket.writableLength === 0;
  }

  whenFlushed(resume: () => void): void {
    this.#waiters.push(resume);
  }

  #drained(): void {
    this.#inFlightParts = [];
    if (this.writer.collectedBytes > 0) this.flushNow();
    if (this.#socket.writableLength > 0 || this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resume of waiters) runSoon(resume, undefined);
  }

  #lost(): void {
    this.#closed = true;
    this.#cancelHelloTimer();
    this.#owner.links.delete(this);
    this.#waiters = [];
    for (const stream of this.#streams.values()) stream.lost();
  }

  /** The process ends: writes what the kernel was not given yet, in order, synchronously. */
  flushAtExit(): void {
    if (this.#closed || this.#socket.destroyed) return;
    const handle = (this.#socket as unknown as { readonly _handle?: SocketHandle })._handle;
    if (handle === undefined || handle.fd < 0) return;
    this.#isExiting = true;
    for (const stream of this.#streams.values()) stream.collectAtExit();
    const owed = tail(this.#inFlightParts, handle.writeQueueSize);
    writeSync(handle.fd, [...owed, ...this.writer.take()]);
  }
}

/** One shape for all, made field by field: a spread costs 2 us here. */
function delivery(
  type: FrameType,
  flags: number,
  request: DecodedRequest | null,
  body: Buffer | null,
  trailers: readonly string[] | null,
): Delivery {
  return { type, flags, request, body, trailers };
}

/** The last `bytes` bytes of the parts. */
function tail(parts: readonly Buffer[], bytes: number): Buffer[] {
  const found: Buffer[] = [];
  let missing = bytes;
  for (let at = parts.length - 1; at >= 0 && missing > 0; at -= 1) {
    const part = parts[at] ?? Buffer.alloc(0);
    found.unshift(part.subarray(Math.max(0, part.length - missing)));
    missing -= part.length;
  }
  return found;
}

function isSameToken(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let at = 0; at < expected.length; at += 1) difference |= given.charCodeAt(at) ^ expected.charCodeAt(at);
  return difference === 0;
}

function flushLink(link: Link): void {
  link.flush();
}

function releaseStream(stream: Stream): void {
  stream.releaseIfIdle();
}
