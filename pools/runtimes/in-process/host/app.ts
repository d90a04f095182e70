/** The app's server as the host knows it, and everything that serves requests to it. */
import diagnostics_channel from 'node:diagnostics_channel';
import type { StreamAddresses } from '../../../link/payloads.js';
import { FakeHandle, type HandleOwner } from './fake-handle.js';
import { coarseNowMs } from './host-clock.js';
import type { ServerInternals } from './node-internals.js';
import type { ConnectionEvent, Seam } from './seam.js';
import type { HostedKind } from './server-kinds.js';
import { createDressedSocket, TlsHandle } from './tls-dress.js';
import { type SocketOwner, VirtualSocket } from './virtual-socket.js';

const serverSocket = diagnostics_channel.channel('net.server.socket');
/** Where a server has no keep-alive time-out of its own, idle virtual sockets still go. */
const idleFallbackMs = 60_000;

export class App {
  readonly server: ServerInternals;
  /** Null: requests go in as bytes. */
  readonly seam: Seam | null;
  readonly sockets = new Set<VirtualSocket>();
  readonly connectionEvent: ConnectionEvent;
  readonly #kind: HostedKind;

  constructor(server: ServerInternals, kind: HostedKind, seam: Seam | null) {
    this.server = server;
    this.#kind = kind;
    this.connectionEvent = kind === 'http' ? 'connection' : 'secureConnection';
    // An HTTP/2 server has not all that the fast path reads of an HTTP server.
    this.seam = seam !== null && kind === 'http2' ? { ...seam, fast: null } : seam;
  }

  createHandle(owner: HandleOwner, addresses: StreamAddresses): FakeHandle {
    return this.#kind === 'http' ? new FakeHandle(owner, addresses) : new TlsHandle(owner, addresses);
  }

  createSocket(owner: SocketOwner, handle: FakeHandle, isEncrypted: boolean): VirtualSocket {
    if (handle instanceof TlsHandle) return createDressedSocket(owner, handle, this.server, isEncrypted);
    const socket = new VirtualSocket(owner, handle, this.server);
    if (isEncrypted) socket.encrypted = true;
    return socket;
  }

  /** What Node's accept callback checks: `maxConnections` and `blockList`. */
  admits(handle: FakeHandle): boolean {
    const server = this.server;
    if (server.maxConnections !== undefined && server.maxConnections !== null) {
      if (server._connections >= server.maxConnections) {
        server.emit('drop', describe(handle));
        return false;
      }
    }
    const { remoteAddress, remoteFamily } = describe(handle);
    return server.blockList?.check(remoteAddress, remoteFamily === 'IPv6' ? 'ipv6' : 'ipv4') !== true;
  }

  announceSocket(socket: VirtualSocket): void {
    if (serverSocket.hasSubscribers) serverSocket.publish({ socket });
  }

  /** Virtual sockets idle longer than the server's keep-alive time-out go; the clients stay. */
  sweep(): void {
    const limitMs = this.server.keepAliveTimeout || idleFallbackMs;
    const now = coarseNowMs();
    for (const { flight } of this.sockets) if (now - flight.idleSinceMs > limitMs) flight.releaseIfIdle();
  }

  closeSockets(which: 'all' | 'idle'): void {
    for (const socket of this.sockets) {
      if (which === 'all' && !socket.flight.isIdle) socket.destroy();
      else socket.flight.releaseIfIdle();
    }
  }
}

interface Drop {
  readonly localAddress: string;
  readonly localPort: number;
  readonly localFamily: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily: string;
}

function describe(handle: FakeHandle): Drop {
  const local: Record<string, unknown> = {};
  const remote: Record<string, unknown> = {};
  handle.getsockname(local);
  handle.getpeername(remote);
  return {
    localAddress: String(local['address']),
    localPort: Number(local['port']),
    localFamily: String(local['family']),
    remoteAddress: String(remote['address']),
    remotePort: Number(remote['port']),
    remoteFamily: String(remote['family']),
  };
}
