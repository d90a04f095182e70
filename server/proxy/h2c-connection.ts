import type { Socket } from 'node:net';
import { http2WorkerResetsMax } from '../../config/base/http2-limits.js';
import { createClientConnection } from '../http2/client-connection.js';
import type { ClientConnection, ClientEvents, ClientStream } from '../http2/types.js';
import { FrameBuffer } from '../listener/http2/frame-buffer.js';
import type { Expiring } from './deadlines.js';
import type { H2cPool } from './h2c-pool.js';
import type { H2cUpstream } from './h2c-upstream.js';
import { type ByteSink, connectSocket } from './raw-socket.js';

/** One connection to a worker that speaks HTTP/2 with prior knowledge: many requests at a time. */
export class H2cConnection implements ByteSink, Expiring {
  deadlineMs = Infinity;
  deadlineIndex = -1;
  readonly engine: ClientConnection<H2cUpstream>;
  isConnected = false;
  /** An answer came on it. */
  hasServed = false;
  /** The worker's SETTINGS came. */
  hasSettings = false;
  readonly #pool: H2cPool;
  readonly #socket: Socket;
  readonly #output: FrameBuffer;
  /** Requests that were not sent yet: the worker's settings say how many it takes. */
  readonly #waiting = new Set<H2cUpstream>();
  readonly #endOfTurn = (): void => this.#flush();
  #isFlushDue = false;
  #isClosed = false;
  /** Requests on it that ended by a reset, of either side. */
  #resets = 0;
  /** Of the stream that is reset next: what was malformed about its answer. */
  #malformed = '';

  constructor(pool: H2cPool) {
    this.#pool = pool;
    this.#socket = connectSocket(pool.address, this, () => {
      this.isConnected = true;
    });
    this.#output = new FrameBuffer(this.#socket);
    this.engine = createClientConnection<H2cUpstream>(this.#output, this.#events());
    this.engine.start();
    this.flushSoon();
    pool.core.deadlines.add(this);
  }

  get canOpen(): boolean {
    if (this.#isClosed || this.#isWorn) return false;
    return this.hasSettings ? this.engine.canOpen : this.#waiting.size < this.#pool.streamsMax;
  }

  /** Sends the request when the worker's settings are known. */
  begin(upstream: H2cUpstream, isTunnel: boolean): void {
    this.deadlineMs = Infinity;
    if (this.hasSettings && (!isTunnel || this.engine.allowsConnectProtocol)) return upstream.open();
    this.#waiting.add(upstream);
    // A refusal must not come before the exchange knows its upstream.
    if (this.hasSettings) setImmediate(() => this.#openWaiting());
  }

  forget(upstream: H2cUpstream): void {
    if (this.#waiting.delete(upstream)) this.#rest();
  }

  /** Its request is over on both sides. */
  done(stream: ClientStream<H2cUpstream>): void {
    if (stream.isReset || !stream.isLocalDone) this.#resets += 1;
    this.engine.release(stream);
    this.flushSoon();
    this.#rest();
  }

  /**
   * Workers guard against peers that reset too much by ending the connection, and its other requests are other clients':
   * before that it is left to those and replaced.
   */
  get #isWorn(): boolean {
    return this.#resets >= http2WorkerResetsMax;
  }

  /** Frames are written: they leave at the end of the turn. */
  flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(this.#endOfTurn);
  }

  /** No further request comes: ends with the last one. */
  drain(): void {
    if (this.engine.streamCount === 0 && this.#waiting.size === 0) this.#end();
  }

  /** The worker is gone. */
  lose(): void {
    this.#socket.destroy();
    this.#lost();
  }

  onDeadline(): void {
    this.#end();
  }

  // ByteSink

  onBytes(buffer: Buffer, length: number): void {
    this.engine.receive(buffer, 0, length, this.#pool.core.deadlines.nowMs);
    this.flushSoon();
  }

  onEnd(): void {
    this.#socket.destroy();
    this.#lost();
  }

  onDrain(): void {
    this.engine.outputDrained();
    this.#flush();
  }

  onClosed(code: string): void {
    if (!this.isConnected && !this.#isClosed) this.#pool.refused(code === '' ? 'connect failed' : code);
    this.#lost();
  }

  #events(): ClientEvents<H2cUpstream> {
    return {
      onAnswer: (stream) => {
        this.hasServed = true;
        stream.owner?.onAnswer(stream);
      },
      onData: (stream, buffer, start, end, isLast) => stream.owner?.onData(buffer, start, end, isLast),
      onEnd: (stream, trailers) => stream.owner?.onEnd(trailers),
      onReset: (stream, _code, byPeer) => this.#reset(stream, byPeer),
      onWritable: (stream) => stream.owner?.onWritable(),
      onMalformed: (reason) => {
        this.#malformed = reason;
      },
      onCapacity: () => this.#openWaiting(),
      onFailed: () => this.#end(),
      onDrained: () => this.#end(),
    };
  }

  #reset(stream: ClientStream<H2cUpstream>, byPeer: boolean): void {
    const malformed = this.#malformed;
    this.#malformed = '';
    if (stream.owner === null) this.done(stream);
    else stream.owner.onReset(stream, byPeer, malformed);
  }

  #openWaiting(): void {
    this.hasSettings = true;
    this.#pool.streamsMax = this.engine.streamsMax;
    for (const upstream of this.#waiting) {
      this.#waiting.delete(upstream);
      upstream.open();
    }
    this.#rest();
  }

  /** Without requests it is kept for a while. */
  #rest(): void {
    if (this.engine.streamCount > 0 || this.#waiting.size > 0 || this.#isClosed) return;
    const idleMs = this.#pool.idleMs;
    if (idleMs <= 0 || this.#isWorn) this.#end();
    else this.deadlineMs = this.#pool.core.deadlines.in(idleMs);
  }

  #flush(): void {
    this.#isFlushDue = false;
    this.#output.flush();
  }

  /** Nothing is under way. */
  #end(): void {
    this.#flush();
    this.#socket.end();
    this.#lost();
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pool.forget(this);
    this.#pool.core.deadlines.remove(this);
    this.engine.abandon();
    for (const upstream of this.#waiting) upstream.lose(this.isConnected ? 'lost' : 'refused');
  }
}
