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

/** The certificate that one context shows, opened when somebody has to know its names: to open one takes as long as a signature. */
export class ShownCertificate {
  #certificate: X509Certificate | null | undefined;

  covers(host: string, socket: TLSSocket): boolean {
    this.#certificate ??= socket.getX509Certificate() ?? null;
    return this.#certificate?.checkHost(host) !== undefined;
  }
}

export function peerOf(socket: TLSSocket, tls: RouteTls, own: ShownCertificate): TlsPeer {
  // Typed as set by clients only.
  const { servername } = socket as { readonly servername?: unknown };
  const shown = tls.clientCertificates === 'off' ? undefined : socket.getPeerX509Certificate();
  const isTrusted = shown !== undefined && socket.authorized;
  return {
    tls,
    serverName: typeof servername === 'string' ? servername.toLowerCase() : '',
    certificate: shown === undefined ? 'none' : isTrusted ? 'trusted' : 'untrusted',
    clientCertificate: isTrusted ? shown.raw.toString('base64') : '',
    forwardedClientCert: isTrusted ? forwardedClientCert(shown) : '',
    covers: (host) => own.covers(host, socket),
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
