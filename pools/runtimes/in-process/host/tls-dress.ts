/**
 * Servers that speak TLS when alone (`https`, `http2` with `allowHTTP1`): TLS ends in the listener, so their
 * virtual sockets only wear the dress of a `tls.TLSSocket`. Loads `tls` never before the app did.
 */
import type { TLSSocket } from 'node:tls';
import { FakeHandle } from './fake-handle.js';
import type { ServerInternals } from './node-internals.js';
import { type SocketOwner, VirtualSocket } from './virtual-socket.js';

const unknown = 'unknown';

/** What `tls.TLSSocket` asks of its handle. Of the client's session nothing is known here. */
export class TlsHandle extends FakeHandle {
  isEncrypted = false;

  getProtocol(): string | null {
    return this.isEncrypted ? unknown : null;
  }

  getCipher(): object {
    return { name: unknown, standardName: unknown, version: unknown };
  }

  getPeerCertificate(): undefined {
    return undefined;
  }

  getPeerX509Certificate(): undefined {
    return undefined;
  }

  getCertificate(): undefined {
    return undefined;
  }

  getX509Certificate(): undefined {
    return undefined;
  }

  getSession(): undefined {
    return undefined;
  }

  getTLSTicket(): undefined {
    return undefined;
  }

  getFinished(): undefined {
    return undefined;
  }

  getPeerFinished(): undefined {
    return undefined;
  }

  getEphemeralKeyInfo(): null {
    return null;
  }

  getSharedSigalgs(): string[] {
    return [];
  }

  isSessionReused(): boolean {
    return false;
  }

  setMaxSendFragment(): number {
    return 1;
  }

  enableTrace(): void {
    // Nothing to trace: the handshake took place elsewhere.
  }
}

let dress: (new () => VirtualSocket) | null = null;

/** `instanceof tls.TLSSocket`, with our four overrides in front of its methods. */
function dressed(): new () => VirtualSocket {
  if (dress !== null) return dress;
  const { TLSSocket: Original } = process.getBuiltinModule('node:tls');
  const Dressed = function TLSSocket(): void {
    // Only its prototype is used: `Reflect.construct` runs the constructor of VirtualSocket.
  };
  const { constructor: _own, ...overrides } = Object.getOwnPropertyDescriptors(VirtualSocket.prototype);
  Dressed.prototype = Object.create(Original.prototype, overrides) as object;
  dress = Dressed as unknown as new () => VirtualSocket;
  return dress;
}

type TlsFacts = Pick<TLSSocket, 'authorized' | 'authorizationError' | 'alpnProtocol'> & {
  readonly servername: string | false;
  readonly secureConnecting: boolean;
};

export function createDressedSocket(
  owner: SocketOwner,
  handle: TlsHandle,
  server: ServerInternals,
  isEncrypted: boolean,
): VirtualSocket {
  handle.isEncrypted = isEncrypted;
  const socket = Reflect.construct(VirtualSocket, [owner, handle, server], dressed()) as VirtualSocket;
  const facts: TlsFacts = {
    authorized: false,
    authorizationError: null as unknown as Error,
    // By this an HTTP/2 server decides to serve HTTP/1.1.
    alpnProtocol: 'http/1.1',
    servername: false,
    secureConnecting: false,
  };
  Object.assign(socket, facts);
  // As Node leaves them behind a handshake.
  socket.allowHalfOpen = false;
  socket.setTimeout(0);
  socket.encrypted = isEncrypted;
  return socket;
}
