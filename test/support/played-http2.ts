/**
 * One HTTP/2 connection of a listener, without the listener: a client, a worker and a clock that do what the test says.
 * The client takes bytes from the socket only when it is told to.
 */
import type { Socket } from 'node:net';
import { deadlineTickMs } from '../../config/base/limits.js';
import { ChallengeAnswers } from '../../server/listener/challenges.js';
import type { ConnectionContext } from '../../server/listener/context.js';
import { Http2ClientConnection } from '../../server/listener/http2/connection.js';
import { RoutingBooks } from '../../server/listener/routing.js';
import { SiteConnections } from '../../server/listener/site-connections.js';
import { Cells } from '../../server/metrics/cells.js';
import type { ProxyCore } from '../../server/proxy/core.js';
import { Deadlines } from '../../server/proxy/deadlines.js';
import type { Exchange } from '../../server/proxy/exchange.js';
import { Pacer } from '../../server/proxy/pacer.js';
import type { ByteSink } from '../../server/proxy/raw-socket.js';
import type { Transport, Upstream } from '../../server/proxy/upstream.js';
import { ApplicationState, Worker } from '../../server/proxy/worker.js';
import { FrameLog, preface, settings } from './http2-frames.js';
import { ManualClock } from './manual-clock.js';
import { routesOf } from './routes.js';

/** The server's end of a connection whose client reads when the test says so; what was written can be read at once. */
class PlayedSocket {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 50_000;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 8080;
  readonly log = new FrameLog();
  writable = true;
  writableLength = 0;
  bytesWritten = 0;
  isPaused = false;
  isDestroyed = false;
  sink: ByteSink | null = null;

  write(bytes: Buffer, done?: () => void): void {
    this.bytesWritten += bytes.length;
    this.writableLength += bytes.length;
    this.log.add(Buffer.from(bytes));
    done?.();
  }

  end(): void {
    this.writable = false;
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.writable = false;
    this.sink?.onClosed('');
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

const nothing = (): void => undefined;

/** Takes bodies whole, but for those of requests whose paths begin with `/held`: of these what comes first. */
class PlayedWorker {
  readonly exchanges = new Map<string, Exchange>();

  readonly transport: Transport = {
    isReady: true,
    begin: (exchange) => this.#begin(exchange),
    probe: nothing,
    drain: nothing,
    close: nothing,
  };

  /** HTTP/1.1 as the worker writes it, to the request with this path. */
  answer(path: string, text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.exchanges.get(path)?.onAnswer(bytes, 0, bytes.length);
  }

  #begin(exchange: Exchange): Upstream {
    const { path } = exchange.request;
    this.exchanges.set(path, exchange);
    return {
      announcesEnd: false,
      takesBody: true,
      body: () => !path.startsWith('/held'),
      endBody: nothing,
      abort: () => false,
      pauseAnswer: nothing,
      resumeAnswer: nothing,
      release: nothing,
      upgrade: nothing,
      endTunnel: () => false,
    };
  }
}

export class PlayedHttp2 {
  readonly clock = new ManualClock();
  readonly socket = new PlayedSocket();
  readonly worker = new PlayedWorker();
  readonly connection: Http2ClientConnection;

  private constructor(connectionTimeoutMs: number) {
    const context = contextOf(this.clock, this.worker, connectionTimeoutMs);
    this.connection = new Http2ClientConnection(
      this.socket as unknown as Socket,
      context,
      { ends: this.socket as unknown as Socket, tls: null, source: null },
      (accepted, sink) => {
        this.socket.sink = sink;
        return accepted;
      },
    );
  }

  /** A connection on which both sides have said their settings, and nothing waits for the client. */
  static async open(connectionTimeoutMs: number): Promise<PlayedHttp2> {
    const played = new PlayedHttp2(connectionTimeoutMs);
    await played.send(preface, settings());
    played.take(Infinity);
    return played;
  }

  get log(): FrameLog {
    return this.socket.log;
  }

  /** The client says this, and the server's turn ends. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    for (const bytes of frames) this.socket.sink?.onBytes(Buffer.from(bytes), bytes.length);
    await endOfTurn();
  }

  /** The kernel takes so many of the bytes that wait for the client. */
  take(bytes: number): void {
    this.socket.writableLength -= Math.min(bytes, this.socket.writableLength);
  }

  /** So many ticks pass; the client takes so many bytes in each. */
  async pass(ticks: number, bytesPerTick = Infinity): Promise<void> {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.clock.advance(deadlineTickMs);
      await endOfTurn();
      this.take(bytesPerTick);
    }
  }
}

/** Frames leave at the end of the server's turn. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One site on every host, with one application whose requests all go to `worker`. */
function contextOf(clock: ManualClock, { transport }: PlayedWorker, connectionTimeoutMs: number): ConnectionContext {
  const sketch = routesOf([{}]);
  const sites = sketch.sites.map((site) => ({ ...site, maxConnections: 10, connectionTimeoutMs }));
  const routing = new RoutingBooks(new Cells()).apply({ ...sketch, sites }, (id) => new ApplicationState(id));
  const deadlines = new Deadlines(clock);
  const core: ProxyCore = {
    clock,
    deadlines,
    pacer: new Pacer(clock),
    listenerId: 1,
    say: nothing,
    date: () => 'Sun, 06 Nov 1994 08:49:37 GMT',
    dispatch: (exchange) => {
      const { application } = exchange;
      if (application === null) return;
      const endpoint = { kind: 'tcp', host: '127.0.0.1', port: 1, pairingToken: '' } as const;
      const worker = new Worker({ workerId: 1, slot: 1, generation: 1, endpoint }, application);
      worker.transport = transport;
      exchange.start(worker);
    },
    leaveQueue: nothing,
    slotFreed: nothing,
    workerReady: nothing,
    unreachable: nothing,
    trails: null,
    finished: nothing,
  };
  return {
    clock,
    deadlines,
    core,
    routing,
    challenges: new ChallengeAnswers(),
    isShuttingDown: false,
    siteConnections: new SiteConnections(clock, nothing),
    shed: null,
    limiter: () => undefined,
    refused: nothing,
    countRefused: nothing,
    closed: nothing,
  };
}
