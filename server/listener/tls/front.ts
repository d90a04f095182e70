import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../../config/base/clock.js';
import { tlsHandshakePauseMs, tlsHandshakesWaitingMax } from '../../../config/base/limits.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import type { ListenerSettings, RouteBinding, RouteTls } from '../../../pools/protocol/snapshot.js';
import type { Deadlines } from '../../proxy/deadlines.js';
import { plainAddress } from '../../proxy/raw-socket.js';
import type { RouteTable } from '../../route/table.js';
import type { Arrival } from '../arrival.js';
import { type ChallengeAnswers, challengeProtocol } from '../challenges.js';
import type { ClientHello } from './client-hello.js';
import { TlsContexts } from './contexts.js';
import { FairQueue } from './fair-queue.js';
import { alert, Greeting, type GreetingPorts } from './greeting.js';
import { peerOf, type ShownCertificate, type TlsPeer } from './peer.js';
import { heldForSocketBelow } from './socket-below.js';

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
  /** Of the newest routes. */
  table(): RouteTable;
  readonly challenges: ChallengeAnswers;
  say(message: ListenerToPrimary): void;
  /** `socket` is what `arrival` has become: HTTP can be read from it. */
  secured(socket: TLSSocket, arrival: Arrival, peer: TlsPeer): void;
  /** IMF-fixdate of now. */
  date(): string;
  /** `version`: what was agreed on, as `TLSv1.3`; none = the handshake was not completed. */
  count(result: HandshakeResult, version?: string): void;
}

const internalError = alert(80);
const unrecognizedName = alert(112);

/**
 * From an accepted connection on a port of TLS to one that HTTP can be read from: reads the client's hello,
 * chooses the binding by the name in it, gets its certificate, and hands the rest to Node's TLS. At most
 * `webLimits.maxHandshakesPerSecond` begin: those beyond it wait, and client addresses take turns.
 */
export class TlsFront {
  readonly contexts: TlsContexts;
  readonly #ports: TlsFrontPorts;
  readonly #waiting = new FairQueue<Greeting>(tlsHandshakesWaitingMax);
  /** Those that Node's TLS has, by their own socket: it gives back another one. */
  readonly #handshakes = new Map<Socket, Greeting>();
  readonly #greetingPorts: GreetingPorts;
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
    });
    this.#greetingPorts = {
      deadlines: ports.deadlines,
      date: () => ports.date(),
      count: (result) => ports.count(result),
      greeted: (greeting, hello) => this.#greeted(greeting, hello),
      gone: (greeting) => this.#gone(greeting),
    };
  }

  apply(bindings: Iterable<RouteBinding>, settings: ListenerSettings): void {
    const keys = new Set<string>();
    for (const { tls } of bindings) if (tls !== null) keys.add(tls.key);
    this.contexts.keep(keys);
    this.#perSecond = settings.maxHandshakesPerSecond / Math.max(1, settings.listeners);
  }

  /** `rest`: what was read already, behind the header of a load balancer. */
  accept(arrival: Arrival, rest: Buffer): void {
    if (rest.length > 0) arrival.socket.unshift(rest);
    new Greeting(arrival, this.#greetingPorts);
  }

  /** Clients whose handshake has not begun because too many have. */
  get waiting(): number {
    return this.#waiting.size;
  }

  #greeted(greeting: Greeting, hello: ClientHello): void {
    if (this.#waiting.size === 0 && this.#take()) return this.#begin(greeting, hello);
    const shed = this.#waiting.push(greeting.sender, greeting);
    if (shed !== null) {
      this.#ports.count('shed');
      shed.destroy();
    }
    this.#pumpLater();
  }

  #gone(greeting: Greeting): void {
    if (this.#waiting.size > 0) this.#waiting.delete(greeting.sender, greeting);
    this.#handshakes.delete(greeting.socket);
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
      while (this.#waiting.size > 0 && this.#take()) {
        const greeting = this.#waiting.shift();
        const hello = greeting?.hello ?? null;
        if (greeting !== undefined && hello !== null) this.#begin(greeting, hello);
      }
      if (this.#waiting.size > 0) this.#pumpLater();
    });
  }

  #begin(greeting: Greeting, { serverName, protocols }: ClientHello): void {
    const { socket } = greeting;
    if (protocols[0] === challengeProtocol) return this.#challenge(greeting, serverName);
    const address = plainAddress(socket.localAddress);
    const route = this.#ports.table().site(address, socket.localPort ?? 0, 'https', serverName);
    const tls = route?.tls ?? null;
    if (tls === null) return this.#refuse(greeting, 'unknown-name', unrecognizedName);
    this.contexts.find(tls, serverName, (context) => {
      if (greeting.isGone) return;
      if (context === null) return this.#refuse(greeting, 'no-certificate', internalError);
      this.#handshakes.set(socket, greeting);
      greeting.handOver('handshake');
      context.server.emit('connection', socket);
    });
  }

  /** An authority looks whether this name leads here (RFC 8737 3): the handshake is the answer. */
  #challenge(greeting: Greeting, serverName: string): void {
    const server = this.#ports.challenges.serverFor(serverName);
    if (server === null) return this.#refuse(greeting, 'unknown-name', unrecognizedName);
    this.#ports.count('challenge');
    greeting.handOver('challenge');
    server.emit('connection', greeting.socket);
  }

  #refuse(greeting: Greeting, result: HandshakeResult, record: Buffer): void {
    this.#ports.count(result);
    greeting.end(record);
  }

  #secured(socket: TLSSocket, tls: RouteTls, own: ShownCertificate): void {
    const greeting = heldForSocketBelow(socket, this.#handshakes);
    if (greeting === undefined) return void socket.destroy();
    greeting.finish();
    this.#ports.count(socket.isSessionReused() ? 'resumed' : 'full', socket.getProtocol() ?? undefined);
    // Reset by its client meanwhile, as probes do: neither tickets nor a connection are made for it.
    if (socket.remoteAddress === undefined) return void socket.destroy();
    this.#ports.secured(socket, greeting.arrival, peerOf(socket, tls, own));
  }
}
