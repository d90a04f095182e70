/**
 * Decides from the table of listening sockets whether a worker is ready, and proves that the listener
 * of its port is its own: a neighbour that takes the port first must never get another pool's requests.
 */
import type { ListeningSocket } from './listeners.js';

export interface OwnershipQuestion {
  readonly port: number;
  readonly sockets: readonly ListeningSocket[];
  /** True when the socket belongs to the pool (its exclusive user) or to the worker's own processes. */
  readonly isOwn: (socket: ListeningSocket) => boolean;
}

export type Readiness =
  | { readonly kind: 'waiting' }
  /** Connect there. 'dual': an IPv6 wildcard, which takes IPv4 too unless it was made IPv6-only. */
  | { readonly kind: 'ready'; readonly host: '127.0.0.1' | '::1' | 'dual' }
  /** Somebody else would get connections to this port. */
  | { readonly kind: 'foreign'; readonly uid: number }
  /** Own listener of the right port, but on an address that is not loopback. */
  | { readonly kind: 'unreachable'; readonly address: string };

const reachable: ReadonlySet<string> = new Set(['127.0.0.1', '0.0.0.0', '::1', '::']);

export function judge(question: OwnershipQuestion): Readiness {
  const onPort = question.sockets.filter((socket) => socket.port === question.port);
  const candidates = onPort.filter((socket) => reachable.has(socket.address));
  const foreign = candidates.find((socket) => !question.isOwn(socket));
  if (foreign !== undefined) return { kind: 'foreign', uid: foreign.uid };
  const addresses = new Set(candidates.map((socket) => socket.address));
  if (addresses.has('127.0.0.1') || addresses.has('0.0.0.0')) return { kind: 'ready', host: '127.0.0.1' };
  if (addresses.has('::')) return { kind: 'ready', host: 'dual' };
  if (addresses.has('::1')) return { kind: 'ready', host: '::1' };
  const elsewhere = onPort.find((socket) => question.isOwn(socket));
  return elsewhere === undefined ? { kind: 'waiting' } : { kind: 'unreachable', address: elsewhere.address };
}
