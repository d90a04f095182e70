import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { newConnectionGraceMs, tlsHandshakeLimitMs } from '../../config/base/limits.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { ListenerSettings, RouteBinding } from '../../pools/protocol/snapshot.js';
import type { Cells } from '../metrics/cells.js';
import { listenerMetrics as metrics } from '../metrics/definitions.js';
import { adoptSocket, type AdoptSocket, plainAddress } from '../proxy/raw-socket.js';
import { AddressCounts } from './address-counts.js';
import { Arrival } from './arrival.js';
import type { Origin } from './client-context.js';
import { ClientConnection } from './connection.js';
import type { ConnectionContext, ListenerConnection } from './context.js';
import { FirstBytes } from './first-bytes.js';
import { Http2ClientConnection } from './http2/connection.js';
import { readProxyHeader } from './proxy-header.js';
import { type HandshakeResult, TlsFront } from './tls/front.js';
import type { TlsPeer } from './tls/peer.js';

/** What the entrance needs of its listener. */
export interface EntranceOwner extends ConnectionContext {
  /** What comes now is answered once, and closed. */
  readonly isEnding: boolean;
  say(message: ListenerToPrimary): void;
  /** IMF-fixdate of now. */
  date(): string;
  opened(connection: ListenerConnection): void;
  /** One of the arrivals is gone, or a connection. */
  arrivalLeft(): void;
}

const nobody = Buffer.alloc(0);

/** From an accepted socket to a connection that HTTP is read from: PROXY header, limit of its address, TLS. */
export class Entrance {
  readonly tls: TlsFront;
  readonly #owner: EntranceOwner;
  readonly #cells: Cells;
  readonly #arrivals = new Set<Arrival>();
  readonly #addresses: AddressCounts;
  readonly #handshakes = new Map<string, number>();

  constructor(owner: EntranceOwner, cells: Cells) {
    this.#owner = owner;
    this.#cells = cells;
    this.#addresses = new AddressCounts(owner.siteConnections);
    this.tls = new TlsFront({
      clock: owner.clock,
      deadlines: owner.deadlines,
      challenges: owner.challenges,
      table: () => owner.routing.table,
      say: (message) => owner.say(message),
      date: () => owner.date(),
      count: (result, version) => this.#count(result, version),
      secured: (socket, arrival, peer) => this.#secured(socket, arrival, peer),
    });
  }

  /** Of which nobody has made a connection yet. */
  get arrivals(): ReadonlySet<Arrival> {
    return this.#arrivals;
  }

  apply(bindings: Iterable<RouteBinding>, settings: ListenerSettings): void {
    this.#addresses.setLimit(settings.maxConnectionsPerAddress);
    this.tls.apply(bindings, settings);
  }

  accept(socket: Socket, port: number): void {
    const { proxies, headerWaitTimeoutMs, tlsPorts } = this.#owner.routing;
    const isTls = tlsPorts.has(port);
    if (proxies.get(port)?.matches(plainAddress(socket.remoteAddress)) !== true) {
      return isTls ? this.#greet(this.#arrive(socket), nobody) : this.#openPlain(socket, port, nobody, null);
    }
    const arrival = this.#arrive(socket);
    const limitMs = isTls ? Math.min(headerWaitTimeoutMs, tlsHandshakeLimitMs) : headerWaitTimeoutMs;
    readProxyHeader(socket, this.#owner.deadlines, arrival.acceptedMs + limitMs, (header, rest) => {
      if (header === null) return this.#owner.countRefused('ProxyHeader');
      arrival.source = header.source;
      if (isTls) this.#greet(arrival, rest);
      else this.#openPlain(socket, port, rest, arrival);
    });
  }

  /** A connection is closed. */
  closed(connection: ListenerConnection): void {
    this.#addresses.leave(connection);
  }

  /** The listener ends: who has not said anything yet need not begin. */
  closeSilent(): void {
    for (const arrival of this.#arrivals) if (!arrival.hasSpoken) arrival.destroy();
  }

  closeAll(): void {
    for (const arrival of this.#arrivals) arrival.destroy();
  }

  #arrive(socket: Socket): Arrival {
    const arrival = new Arrival(socket, this.#owner.clock, () => this.#leave(arrival));
    this.#arrivals.add(arrival);
    return arrival;
  }

  #leave(arrival: Arrival): void {
    this.#arrivals.delete(arrival);
    this.#addresses.leave(arrival);
    this.#owner.arrivalLeft();
  }

  /** The socket of `arrival` belongs to `connection` now. */
  #become(arrival: Arrival, connection: ListenerConnection): void {
    this.#addresses.move(arrival, connection);
    arrival.handOver();
    this.#leave(arrival);
  }

  #greet(arrival: Arrival, rest: Buffer): void {
    if (this.#hasRoom(arrival, arrival.address)) this.tls.accept(arrival, rest);
    else arrival.destroy();
  }

  /** A trusted proxy stands for many clients: it has no limit of its own. */
  #hasRoom(holder: object, address: string): boolean {
    if (!this.#addresses.isLimited || this.#owner.routing.trusted.matches(address)) return true;
    if (this.#addresses.enter(holder, address)) return true;
    this.#owner.countRefused('ConnLimit');
    return false;
  }

  /** `rest`: what was read already, of an `arrival` with a PROXY header. */
  #openPlain(socket: Socket, port: number, rest: Buffer, arrival: Arrival | null): void {
    const origin: Origin = { ends: socket, tls: null, source: arrival?.source ?? null };
    if (!this.#hasRoom(socket, arrival?.address ?? plainAddress(socket.remoteAddress))) return void socket.destroy();
    const connection = this.#owner.routing.http2Ports.has(port)
      ? new FirstBytes(socket, this.#owner, (isHttp2, adopted, adopt) => {
          this.#addresses.move(connection, this.#open(adopted, { ...origin, ends: adopted }, isHttp2, adopt));
        })
      : new ClientConnection(socket, this.#owner, origin, adoptSocket);
    this.#addresses.move(socket, connection);
    this.#opened(connection);
    if (arrival !== null) this.#become(arrival, connection);
    if (rest.length > 0) connection.onBytes(rest, rest.length);
  }

  #secured(socket: TLSSocket, arrival: Arrival, tls: TlsPeer): void {
    const origin: Origin = { ends: arrival.socket, tls, source: arrival.source };
    this.#become(arrival, this.#open(socket, origin, socket.alpnProtocol === 'h2', adoptSocket));
  }

  #open(socket: Socket, origin: Origin, isHttp2: boolean, adopt: AdoptSocket): ListenerConnection {
    const Connection = isHttp2 ? Http2ClientConnection : ClientConnection;
    const connection = new Connection(socket, this.#owner, origin, adopt);
    this.#opened(connection);
    return connection;
  }

  #opened(connection: ListenerConnection): void {
    this.#owner.opened(connection);
    // It came before the end: its first request may be on its way.
    if (this.#owner.isEnding) this.#owner.clock.setTimer(newConnectionGraceMs, () => connection.closeIfIdle());
  }

  #count(result: HandshakeResult, version = 'none'): void {
    const key = `${version} ${result}`;
    const at = this.#handshakes.get(key) ?? this.#cells.declare(metrics.tlsHandshakes, [version, result]);
    this.#handshakes.set(key, at);
    this.#cells.add(at, 1);
  }
}
