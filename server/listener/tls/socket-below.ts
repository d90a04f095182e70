import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * What is held for the accepted socket that this one of TLS was made over. Node keeps that socket and does not
 * document it: where it should stop doing so, the ends of the connection tell, which takes longer.
 */
export function heldForSocketBelow<T>(socket: TLSSocket, held: ReadonlyMap<Socket, T>): T | undefined {
  const parent: unknown = Reflect.get(socket, '_parent');
  if (parent instanceof Socket) return held.get(parent);
  const ends = endsOf(socket);
  for (const [accepted, value] of held) if (endsOf(accepted) === ends) return value;
  return undefined;
}

/** What tells this connection from all others that are open. */
function endsOf(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return `${remoteAddress ?? ''} ${remotePort ?? 0} ${localAddress ?? ''} ${localPort ?? 0}`;
}
