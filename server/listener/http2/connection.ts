// HOT: measured by test/bench/main.ts
import type { Socket } from 'node:net';
import {
  http2BadHeadsMax,
  http2ClientsKept,
  http2QueueHighBytes,
  http2QueueLowBytes,
} from '../../../config/base/http2-limits.js';
import { lingerBytesMax, lingerTimeMs, newConnectionTimeoutMs, rateGraceMs } from '../../../config/base/limits.js';
import { copyForwardContext, type ForwardContext } from '../../http1/forward.js';
import { ErrorCode } from '../../http2/codes.js';
import { createServerConnection } from '../../http2/server-connection.js';
import type { ConnectionFailure, ServerConnection, ServerEvents, ServerStream } from '../../http2/types.js';
import type { Expiring } from '../../proxy/deadlines.js';
import { type AdoptSocket, type ByteSink, plainAddress, readUnread } from '../../proxy/raw-socket.js';
import { VirtualSockets } from '../../proxy/virtual-sockets.js';
import { clientContext, type Origin } from '../client-context.js';
import type { ConnectionContext, ListenerConnection } from '../context.js';
import { idleSince } from '../idle.js';
import { RateWatch } from '../rate-watch.js';
import type { ConnectionFacts } from '../request-router.js';
import { SiteEntries } from '../site-entries.js';
import { FrameBuffer } from './frame-buffer.js';
import { StreamClient, type StreamOwner } from './stream-client.js';

const headerWait: ConnectionFailure = { code: ErrorCode.noError, reason: 'HeaderWait' };
const badHeads: ConnectionFailure = { code: ErrorCode.enhanceYourCalm, reason: 'Http2BadHeads' };

/** Open --GOAWAY, all answered | error--> lingering --client's end, time, bytes--> closed */
type Http2State = 'open' | 'lingering' | 'closed';

/** One client connection that speaks HTTP/2: each of its streams is a request of its own, routed on its own. */
export class Http2ClientConnection implements ListenerConnection, StreamOwner, ServerEvents<StreamClient>, Expiring {
  /** Looked at in every tick. */
  deadlineMs = 0;
  deadlineIndex = -1;
  readonly context: ConnectionContext;
  readonly facts: ConnectionFacts;
  readonly engine: ServerConnection<StreamClient>;
  readonly sockets = new VirtualSockets(() => undefined, true);
  readonly #socket: Socket;
  readonly #sink: ByteSink;
  readonly #output: FrameBuffer;
  readonly #rates: RateWatch;
  readonly #forward: ForwardContext;
  readonly #entries: SiteEntries;
  readonly #clients: StreamClient[] = [];
  readonly #spare: StreamClient[] = [];
  readonly #endOfTurn = (): void => this.#flush();
  #state: Http2State = 'open';
  /** The answers together wait for more than the client gets: none is read further. */
  isCongested = false;
  #isFlushDue = false;
  #isPaused = false;
  #timeoutMs = newConnectionTimeoutMs;
  requests = 0;
  #badHeads = 0;
  /** Monotonic ms; of the beginning, then of the end of the last request, whose answer its client has taken. */
  #idleSinceMs: number;
  #lingered = 0;
  #lingerUntilMs = 0;

  constructor(accepted: Socket, context: ConnectionContext, origin: Origin, adopt: AdoptSocket) {
    this.context = context;
    this.#forward = clientContext(origin, context.clock);
    this.#entries = new SiteEntries(context.siteConnections, true);
    this.facts = {
      context,
      peer: origin.tls,
      localAddress: plainAddress(origin.ends.localAddress),
      localPort: origin.ends.localPort ?? 0,
      entries: this.#entries,
      isHttp2: true,
    };
    this.#idleSinceMs = context.deadlines.nowMs;
    this.#sink = {
      onBytes: (buffer, length) => this.#receive(buffer, length),
      onEnd: () => this.#clientEnded(),
      onDrain: () => this.#drained(),
      onClosed: () => this.#closed(),
    };
    this.#socket = adopt(accepted, this.#sink);
    this.#output = new FrameBuffer(this.#socket);
    this.#rates = new RateWatch(this.#output);
    this.engine = createServerConnection(this.#output, this, { schemes: origin.tls === null ? 'any' : 'https' });
    context.deadlines.add(this);
    this.engine.start();
    this.flushSoon();
  }

  get activity(): 'idle' | 'active' | 'tunnel' {
    if (this.#clients.length === 0) return 'idle';
    return this.#clients.every((client) => client.isTunnel) ? 'tunnel' : 'active';
  }

  get streams(): readonly StreamClient[] {
    return this.#clients;
  }

  get idleSinceMs(): number {
    const { headStartedMs, streamCount } = this.engine;
    if (this.#state !== 'open' || streamCount > 0 || this.#output.backlog > 0) return Infinity;
    const sinceMs = headStartedMs || this.#idleSinceMs;
    return idleSince(sinceMs, headStartedMs > 0 || this.requests === 0, this.context.clock);
  }

  /** Announced now; the last stream that counts is named a moment later (RFC 9113 6.8). */
  closeIfIdle(): void {
    if (this.#state !== 'open') return;
    this.engine.goAway();
    this.flushSoon();
  }

  /** A client whose binding is gone, or does not offer HTTP/2 any more, shall connect anew. */
  routesChanged(): void {
    const { peer, localPort } = this.facts;
    const { http2Ports, http2Keys } = this.context.routing;
    const isOffered = peer === null ? http2Ports.has(localPort) : http2Keys.has(peer.tls.key);
    if (!isOffered) this.closeIfIdle();
  }

  readUnread(): void {
    readUnread(this.#socket, this.#sink);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  forwardContext(): ForwardContext {
    return copyForwardContext(this.#forward);
  }

  flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(this.#endOfTurn);
  }

  noteQueued(): void {
    if (this.isCongested || this.engine.queuedBytes <= http2QueueHighBytes) return;
    this.isCongested = true;
    for (const client of this.#clients) client.exchange.holdAnswer();
  }

  freed(client: StreamClient): void {
    const last = this.#clients.pop();
    if (last !== undefined && last !== client) {
      last.index = client.index;
      this.#clients[client.index] = last;
    }
    client.index = -1;
    this.#timeoutMs = client.site?.connectionTimeoutMs ?? this.#timeoutMs;
    this.#idleSinceMs = this.context.deadlines.nowMs;
    if (this.#state === 'open' && this.#spare.length < http2ClientsKept) this.#spare.push(client);
  }

  #receive(buffer: Buffer, length: number): void {
    if (this.#state === 'open') {
      this.engine.receive(buffer, 0, length, this.context.clock.monotonicMs());
      this.flushSoon();
    } else {
      this.#lingered += length;
      if (this.#lingered > lingerBytesMax) this.#socket.destroy();
    }
  }

  #clientEnded(): void {
    this.engine.abandon();
    this.#end();
    if (this.#socket.writableLength === 0) this.#socket.destroy();
  }

  #drained(): void {
    if (this.#state !== 'open') return;
    this.engine.outputDrained();
    this.#flush();
  }

  #closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.engine.abandon();
    this.context.deadlines.remove(this);
    this.sockets.close();
    this.#entries.leave();
    this.context.closed(this);
  }

  onDeadline(nowMs: number): void {
    const { routing } = this.context;
    const { minBytesPerSecond } = routing;
    if (this.#state === 'lingering') return this.#watchLinger(nowMs, minBytesPerSecond);
    if (this.#output.backlog === 0) this.#rates.startExchange();
    else if (this.#rates.isWriteTooSlow(nowMs, minBytesPerSecond, this.#timeoutMs)) return this.destroy();
    else this.#idleSinceMs = nowMs;
    const { engine } = this;
    const maySend = engine.mayPeerSend && !this.#isPaused;
    for (let i = this.#clients.length - 1; i >= 0; i -= 1) {
      this.#clients[i]?.watch(nowMs, minBytesPerSecond, maySend);
    }
    engine.tick(nowMs, minBytesPerSecond, rateGraceMs);
    const isHeadLate = engine.headStartedMs > 0 && nowMs - engine.headStartedMs >= routing.headerWaitTimeoutMs;
    if (isHeadLate && !this.#isPaused) {
      engine.fail(headerWait);
    } else if (engine.isGoingAway) engine.goAway();
    else if (engine.streamCount === 0 && nowMs - this.#idleSinceMs >= this.#timeoutMs) engine.goAway();
    this.flushSoon();
  }

  /** A stream is done when its last byte is in the socket's queue: its client may be taking it for long after. */
  #watchLinger(nowMs: number, minBytesPerSecond: number): void {
    const isWriting = this.#output.backlog > 0;
    if (isWriting && !this.#rates.isWriteTooSlow(nowMs, minBytesPerSecond, this.#timeoutMs)) {
      this.#lingerUntilMs = nowMs + lingerTimeMs;
    } else if (nowMs >= this.#lingerUntilMs) this.#socket.destroy();
  }

  // ServerEvents

  onRequest(stream: ServerStream<StreamClient>): void {
    const client = this.#spare.pop() ?? new StreamClient(this);
    client.index = this.#clients.length;
    this.#clients.push(client);
    this.requests += 1;
    client.begin(stream);
    if (stream.request.rejection === null) return;
    this.#badHeads += 1;
    if (this.#badHeads > http2BadHeadsMax) this.engine.fail(badHeads);
  }

  onData(stream: ServerStream<StreamClient>, buffer: Buffer, start: number, end: number, isLast: boolean): void {
    stream.owner?.data(buffer, start, end, isLast);
  }

  onEnd(stream: ServerStream<StreamClient>, trailers: string[] | null): void {
    stream.owner?.end(trailers);
  }

  onReset(stream: ServerStream<StreamClient>): void {
    stream.owner?.gone();
  }

  onWritable(stream: ServerStream<StreamClient>): void {
    if (!this.isCongested) stream.owner?.exchange.onClientDrained();
  }

  onMalformed(reason: string): void {
    this.context.countRefused(reason);
  }

  onFailed({ reason }: ConnectionFailure): void {
    this.context.countRefused(reason);
    this.#end();
  }

  onDrained(): void {
    this.#end();
  }

  #flush(): void {
    this.#isFlushDue = false;
    if (this.isCongested && this.engine.queuedBytes <= http2QueueLowBytes) this.#relieve();
    this.#output.flush();
    this.#updateReading();
  }

  #relieve(): void {
    this.isCongested = false;
    for (const client of this.#clients.slice()) if (!client.output.isFull) client.exchange.onClientDrained();
  }

  /** A client that does not read is not read from: answers without a body wait for no window. */
  #updateReading(): void {
    const pause = this.#state === 'open' && this.#output.isFull;
    if (pause === this.#isPaused) return;
    this.#isPaused = pause;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Half-closes after what is written, and reads on a little so that the client gets it. */
  #end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'lingering';
    // A client that is thrown out may come again many times a second.
    this.#spare.length = 0;
    this.#lingerUntilMs = this.context.deadlines.nowMs + lingerTimeMs;
    this.sockets.close();
    this.#flush();
    this.#socket.end();
  }
}
