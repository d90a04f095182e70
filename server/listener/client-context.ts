import type { Socket } from 'node:net';
import type { Clock } from '../../config/base/clock.js';
import { createForwardContext, type ForwardContext } from '../http1/forward.js';
import type { ProxyHeader } from '../http1/proxy-protocol.js';
import { plainAddress } from '../proxy/raw-socket.js';
import type { TlsPeer } from './tls/peer.js';

/** The client behind a load balancer that speaks the PROXY protocol; null = the peer itself. */
export type ProxySource = ProxyHeader['source'];

/** What came before the first byte of HTTP. */
export interface Origin {
  /** Knows the addresses of both ends; over TLS the socket below, which has been asked already. */
  readonly ends: Socket;
  /** What the handshake said; null = no TLS. */
  readonly tls: TlsPeer | null;
  readonly source: ProxySource;
}

/** What is known of a client before its first request; the router sets what the routes say of it. */
export function clientContext({ ends, tls, source }: Origin, clock: Clock): ForwardContext {
  const address = source?.address ?? plainAddress(ends.remoteAddress);
  const port = source?.port ?? ends.remotePort ?? 0;
  const context = createForwardContext(address, port, tls === null ? 'http' : 'https', false, 'pass');
  context.acceptedMs = clock.monotonicMs();
  context.clientCertificate = tls?.clientCertificate ?? '';
  context.forwardedClientCert = tls?.forwardedClientCert ?? '';
  return context;
}
