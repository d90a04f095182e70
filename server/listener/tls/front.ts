import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../../config/base/clock.js';
import {
  lingerTimeMs,
  tlsHandshakeLimitMs,
  tlsHandshakePauseMs,
  tlsHandshakesWaitingMax,
} from '../../../config/base/limits.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import type { ListenerSettings, RouteBinding, RouteTls } from '../../../pools/protocol/snapshot.js';
import type { Deadlines, Expiring } from '../../proxy/deadlines.js';
import { plainAddress } from '../../proxy/raw-socket.js';
import { errorResponse } from '../../http1/error-page.js';
import type { RoutingState } from '../context.js';
import type { Origin, ProxySource } from '../client-context.js';
import { type ChallengeAnswers, challengeProtocol } from '../challenges.js';
import { type ClientHello, readClientHello } from './client-hello.js';
import { TlsContexts } from './contexts.js';
import { peerOf, type ShownCertificate } from './peer.js';

/** How handshakes end; the label `result` of the metric. */
export type HandshakeResult =
  | 'full'
  | 'resumed'
  | 'failed'
  | 'unknown-name'
  | 'no-certificate'
  | 'timeout'
  | 'shed'
  | 'challenge';

export interface TlsFrontPorts {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly routing: RoutingState;
  readonly challenges: ChallengeAnswers;
  say(message: ListenerToPrimary): void;
  /** A connection that is ready for HTTP/1.1. */
  secured(socket: TLSSocket, origin: Origin): void;
  /** IMF-fixdate of now. */
  date(): string;
  /** `version`: what was agreed on, as `TLSv1.3`; none = the handshake was not completed. */
  count(result: HandshakeResult, version?: string): void;
}

const plainHttp = { close: true, retryAfterSeconds: 0, head: false, http10: false, format: 'html' } as const;

/** Alerts of RFC 8446 6.2, as a record of their own: nothing is encrypted yet. */
function alert(description: number): Buffer {
  return Buffer.from([21, 3, 1, 0, 2, 2, description]);
}

const decodeError = alert(50);
const internalError = alert(80);
const unrecognizedName = alert(112);

/**
 * From an accepted connection on a port of TLS to one that HTTP can be read from: reads the client's hello,
 * chooses the binding by the name in it, gets its certificate, and hands the rest to Node's TLS. At most
 * `webLimits.maxHandshakesPerSecond` begin: those beyond it wait, in the order they came.
 */
export class TlsFront {
  readonly contexts: TlsContexts;
  readonly #ports: TlsFrontPorts;
  readonly #waiting: Greeting[] = [];
  /** Clients behind load balancers, by the address of the balancer's end of the connection. */
  readonly #sources = new Map<string, ProxySource>();
  #isPumping = false;
  #perSecond = 0;
  #tokens = 0;
  #filledMs = 0;

  constructor(ports: TlsFrontPorts) {
    this.#ports = ports;
    this.contexts = new TlsContexts({
      clock: ports.clock,
      say: (message) => ports.say(message),
      secured: (socket, tls, own) => this.#secured(socket, tls, own),
      failed: () => ports.count('failed'),
    });
  }

  apply(bindings: Iterable<RouteBinding>, settings: ListenerSettings): void {
    const keys = new Set<string>();
    for (const { tls } of bindings) if (tls !== null) keys.add(tls.key);
    this.contexts.keep(keys);
    this.#perSecond = settings.maxHandshakesPerSecond / Math.max(1, settings.listeners);
  }

  /** `rest`: what was read already, behind the header of a load balancer that told of `source`. */
  accept(socket: Socket, rest: Buffer, source: ProxySource): void {
    if (rest.length > 0) socket.unshift(rest);
    if (source !== null) {
      const peer = peerName(socket);
      this.#sources.set(peer, source);
      socket.once('close', () => this.#sources.delete(peer));
    }
    const greeting = new Greeting(socket, this.#ports, (hello) => this.#greeted(greeting, hello));
  }

  /** Clients whose handshake has not begun because too many have. */
  get waiting(): number {
    return this.#waiting.length;
  }

  #greeted(greeting: Greeting, hello: ClientHello): void {
    if (this.#waiting.length === 0 && this.#take()) return this.#begin(greeting, hello);
    greeting.hello = hello;
    if (this.#waiting.length >= tlsHandshakesWaitingMax) {
      this.#ports.count('shed');
      greeting.destroy();
      return;
    }
    this.#waiting.push(greeting);
    this.#pumpLater();
  }

  /** A token bucket of one second. */
  #take(): boolean {
    if (this.#perSecond === 0) return true;
    const now = this.#ports.clock.monotonicMs();
    const refill = ((now - this.#filledMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(Math.max(1, this.#perSecond), this.#tokens + refill);
    this.#filledMs = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #pumpLater(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#ports.clock.setTimer(tlsHandshakePauseMs, () => {
      this.#isPumping = false;
      while (this.#waiting.length > 0 && this.#take()) {
        const greeting = this.#waiting.shift();
        const hello = greeting?.hello ?? null;
        if (greeting !== undefined && hello !== null && !greeting.isGone) this.#begin(greeting, hello);
      }
      if (this.#waiting.length > 0) this.#pumpLater();
    });
  }

  #begin(greeting: Greeting, { serverName, protocols }: ClientHello): void {
    const { socket } = greeting;
    if (protocols[0] === challengeProtocol) return this.#challenge(greeting, serverName);
    const address = plainAddress(socket.localAddress);
    const route = this.#ports.routing.table.site(address, socket.localPort ?? 0, 'https', serverName);
    const tls = route?.tls ?? null;
    if (tls === null) return this.#refuse(greeting, 'unknown-name', unrecognizedName);
    this.contexts.find(tls, serverName, (context) => {
      if (greeting.isGone) return;
      if (context === null) return this.#refuse(greeting, 'no-certificate', internalError);
      greeting.handOver();
      context.server.emit('connection', socket);
    });
  }

  /** An authority looks whether this name leads here (RFC 8737 3): the handshake is the answer. */
  #challenge(greeting: Greeting, serverName: string): void {
    const server = this.#ports.challenges.serverFor(serverName);
    if (server === null) return this.#refuse(greeting, 'unknown-name', unrecognizedName);
    this.#ports.count('challenge');
    greeting.handOver();
    server.emit('connection', greeting.socket);
  }

  #refuse(greeting: Greeting, result: HandshakeResult, record: Buffer): void {
    this.#ports.count(result);
    greeting.end(record);
  }

  #secured(socket: TLSSocket, tls: RouteTls, own: ShownCertificate): void {
    this.#ports.count(socket.isSessionReused() ? 'resumed' : 'full', socket.getProtocol() ?? undefined);
    this.#ports.secured(socket, { tls: peerOf(socket, tls, own), source: this.#sources.get(peerName(socket)) ?? null });
  }
}

function peerName(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0} ${socket.localPort ?? 0}`;
}

/** One accepted connection until its hello is complete. */
class Greeting implements Expiring {
  deadlineMs: number;
  deadlineIndex = -1;
  hello: ClientHello | null = null;
  isGone = false;
  readonly socket: Socket;
  readonly #ports: TlsFrontPorts;
  readonly #greeted: (hello: ClientHello) => void;
  readonly #read = (): void => this.#readable();
  readonly #closed = (): void => this.#leave();
  readonly #ended = (): void => this.destroy();
  #bytes: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, ports: TlsFrontPorts, greeted: (hello: ClientHello) => void) {
    this.socket = socket;
    this.#ports = ports;
    this.#greeted = greeted;
    this.deadlineMs = ports.deadlines.nowMs + tlsHandshakeLimitMs;
    ports.deadlines.add(this);
    socket.allowHalfOpen = true;
    socket.on('error', () => undefined);
    socket.on('readable', this.#read);
    socket.on('end', this.#ended);
    socket.on('close', this.#closed);
  }

  onDeadline(): void {
    if (!this.isGone) this.#ports.count('timeout');
    this.destroy();
  }

  destroy(): void {
    this.#leave();
    this.socket.destroy();
  }

  /** Last words, in the clear; what the client still sends is thrown away for a moment, so that it gets them. */
  end(words: Buffer | string): void {
    const { socket } = this;
    this.isGone = true;
    this.deadlineMs = this.#ports.deadlines.nowMs + lingerTimeMs;
    socket.off('readable', this.#read);
    socket.resume();
    socket.end(words, 'latin1');
  }

  /** From now on the socket is somebody else's; what was read is put back. */
  handOver(): void {
    this.#leave();
    const { socket } = this;
    socket.off('end', this.#ended);
    socket.off('close', this.#closed);
    // Node's TLS over a socket that may be half open never gives back what it held: about 50 KB for each connection.
    socket.allowHalfOpen = false;
    if (this.#bytes.length > 0) socket.unshift(this.#bytes);
    this.#bytes = Buffer.alloc(0);
  }

  #leave(): void {
    this.isGone = true;
    this.#ports.deadlines.remove(this);
  }

  #readable(): void {
    const chunk = this.socket.read() as Buffer | null;
    if (chunk === null || this.isGone) return;
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const verdict = readClientHello(this.#bytes);
    switch (verdict) {
      case 'more':
        return;
      case 'bad':
        this.#ports.count('failed');
        return this.end(decodeError);
      case 'not-tls':
        this.#ports.count('failed');
        return this.end(errorResponse(400, 0, 'HttpOnTlsPort', { ...plainHttp, date: this.#ports.date() }));
      default:
        // Until it is its turn, the client has nothing more to say.
        this.socket.off('readable', this.#read);
        return this.#greeted(verdict);
    }
  }
}
