import { createHash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { RouteTls } from '../../../pools/protocol/snapshot.js';

/** What a finished handshake says about a connection. */
export interface TlsPeer {
  readonly tls: RouteTls;
  /** The name the client asked for; '' = none. */
  readonly serverName: string;
  /** Of the client; `untrusted`: none of the site's authorities vouches for it. */
  readonly certificate: 'none' | 'trusted' | 'untrusted';
  /** base64 of DER on one line; '' unless trusted. */
  readonly clientCertificate: string;
  /** Value of X-Forwarded-Client-Cert; '' unless trusted. */
  readonly forwardedClientCert: string;
  /** Does the certificate that was shown to the client hold for this host? */
  covers(host: string): boolean;
}

export function peerOf(socket: TLSSocket, tls: RouteTls): TlsPeer {
  // Typed as set by clients only.
  const { servername } = socket as { readonly servername?: unknown };
  const own = socket.getX509Certificate();
  const shown = tls.clientCertificates === 'off' ? undefined : socket.getPeerX509Certificate();
  const isTrusted = shown !== undefined && socket.authorized;
  return {
    tls,
    serverName: typeof servername === 'string' ? servername.toLowerCase() : '',
    certificate: shown === undefined ? 'none' : isTrusted ? 'trusted' : 'untrusted',
    clientCertificate: isTrusted ? shown.raw.toString('base64') : '',
    forwardedClientCert: isTrusted ? forwardedClientCert(shown) : '',
    covers: (host) => own?.checkHost(host) !== undefined,
  };
}

/**
 * Envoy's form: hash and PEM only. Names inside a certificate are its owner's words; whoever wants them
 * takes them from the certificate.
 */
function forwardedClientCert(certificate: X509Certificate): string {
  const hash = createHash('sha256').update(certificate.raw).digest('hex');
  return `Hash=${hash};Cert="${encodeURIComponent(certificate.toString())}"`;
}
