import { hkdfSync, constants, createHash } from 'node:crypto';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '../../../config/base/clock.js';
import { messageOf } from '../../../config/base/errors.js';
import { tlsContextsMax, tlsHandshakeLimitMs, tlsMissingRestMs, tlsQuestionsMax } from '../../../config/base/limits.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import type { CertificateMaterial, RouteTls } from '../../../pools/protocol/snapshot.js';
import { ShownCertificate } from './peer.js';

/** AES-128 first: half the work of AES-256 for the same decades; all with forward secrecy and AEAD. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

export interface ContextPorts {
  readonly clock: Clock;
  say(message: ListenerToPrimary): void;
  /** A handshake is complete. */
  secured(socket: TLSSocket, tls: RouteTls, own: ShownCertificate): void;
}

/** One certificate with its policy, ready for handshakes: connections are injected into `server`. */
export interface TlsContext {
  readonly tls: RouteTls;
  readonly server: Server;
}

interface Entry {
  readonly tls: RouteTls;
  readonly name: string;
  context: TlsContext | null;
  /** Until then a missing certificate is not asked for again. */
  restUntilMs: number;
  /** Who waits for the answer of the primary; null = it has answered. */
  waiting: ((context: TlsContext | null) => void)[] | null;
}

/**
 * Certificates that were needed lately, in the order of their last use. Made when a client asks for the first
 * time, replaced when their file changes: connections keep the one they began with.
 */
export class TlsContexts {
  readonly #ports: ContextPorts;
  readonly #entries = new Map<string, Entry>();
  #secret = '';
  #questions = 0;

  constructor(ports: ContextPorts) {
    this.#ports = ports;
  }

  /** Calls back at once, or when the primary has answered; null = there is none that can be used. */
  find(tls: RouteTls, serverName: string, found: (context: TlsContext | null) => void): void {
    const name = tls.byName ? serverName : '';
    const id = entryId(tls.key, name);
    const known = this.#entries.get(id);
    if (known !== undefined) {
      this.#entries.delete(id);
      this.#entries.set(id, known);
      if (known.waiting !== null) {
        known.waiting.push(found);
        return;
      }
      if (known.context !== null || this.#ports.clock.monotonicMs() < known.restUntilMs) return found(known.context);
    }
    if (this.#questions >= tlsQuestionsMax) return found(null);
    this.#questions += 1;
    this.#entries.set(id, { tls, name, context: null, restUntilMs: 0, waiting: [found] });
    this.#evict();
    this.#ports.say({ type: 'want-certificate', key: tls.key, name });
  }

  /** The primary's answer, or its news of a changed file. */
  receive(key: string, name: string, material: CertificateMaterial | null): void {
    const entry = this.#entries.get(entryId(key, name));
    if (entry === undefined) return;
    const waiting = entry.waiting ?? [];
    if (entry.waiting !== null) this.#questions -= 1;
    entry.waiting = null;
    const made = material === null ? null : this.#make(entry.tls, material);
    // A bad new file leaves the old context where it is.
    if (made !== null) release(entry.context);
    entry.context = made ?? entry.context;
    if (entry.context === null) entry.restUntilMs = this.#ports.clock.monotonicMs() + tlsMissingRestMs;
    for (const one of waiting) one(entry.context);
  }

  forget(key: string, name: string): void {
    const id = entryId(key, name);
    const entry = this.#entries.get(id);
    if (entry?.waiting === null) this.#drop(id, entry);
  }

  /** Tickets of before are not accepted any more: their clients do a full handshake. */
  setTicketSecret(secret: string): void {
    this.#secret = secret;
    for (const { context } of this.#entries.values()) {
      if (context !== null) context.server.setTicketKeys(this.#ticketKeys(context.tls));
    }
  }

  /** New routes: what none of them names any more is not kept. */
  keep(keys: ReadonlySet<string>): void {
    for (const [id, entry] of this.#entries) {
      if (entry.waiting === null && !keys.has(entry.tls.key)) this.#drop(id, entry);
    }
  }

  #evict(): void {
    if (this.#entries.size <= tlsContextsMax) return;
    for (const [id, entry] of this.#entries) {
      if (entry.waiting !== null) continue;
      this.#drop(id, entry);
      return;
    }
  }

  #drop(id: string, { context }: Entry): void {
    this.#entries.delete(id);
    release(context);
  }

  /** A key of its own for each certificate with its policy: a ticket of one site is nothing to another. */
  #ticketKeys(tls: RouteTls): Buffer {
    return Buffer.from(hkdfSync('sha256', Buffer.from(this.#secret, 'base64'), '', `sluice ticket ${tls.key}`, 48));
  }

  #make(tls: RouteTls, material: CertificateMaterial): TlsContext | null {
    try {
      const server = createServer({
        ...(material.pfx === ''
          ? { cert: material.certificate, key: material.privateKey }
          : { pfx: Buffer.from(material.pfx, 'base64'), passphrase: material.password }),
        ...(tls.clientCertificates === 'off' ? {} : { requestCert: true, ca: material.authorities }),
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        maxVersion: tls.maxVersion,
        ciphers,
        honorCipherOrder: true,
        secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
        ALPNProtocols: [...protocolsOf(tls)],
        // The limit is the greeting's, from accept on: this one only has to come later.
        handshakeTimeout: 2 * tlsHandshakeLimitMs,
        sessionIdContext: createHash('sha256').update(tls.key).digest('hex').slice(0, 32),
        ticketKeys: this.#ticketKeys(tls),
      });
      const own = new ShownCertificate();
      server.on('secureConnection', (socket) => this.#ports.secured(socket, tls, own));
      if (material.ocsp !== '') {
        const answer = Buffer.from(material.ocsp, 'base64');
        server.on('OCSPRequest', (_certificate, _issuer, staple) => staple(null, answer));
      }
      // Told of a handshake that takes too long, Node leaves the socket open.
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      return { tls, server };
    } catch (error) {
      const fields = { key: tls.key, error: messageOf(error) };
      this.#ports.say({ type: 'log', level: 'error', event: 'certificate-unusable', fields });
      return null;
    }
  }
}

/** What is offered by ALPN (RFC 7301), the best first. */
function protocolsOf(tls: RouteTls): readonly string[] {
  return tls.http2 ? ['h2', 'http/1.1'] : ['http/1.1'];
}

/**
 * Gives back what OpenSSL holds, about 70 KB: V8 does not know of it and would collect thousands of contexts too late.
 * Connections have their own share of it. Node offers this on the inner object only; where it is missing, V8 collects.
 */
function release(context: TlsContext | null): void {
  const shared: unknown = context === null ? null : Reflect.get(context.server, '_sharedCreds');
  if (typeof shared !== 'object' || shared === null || !('context' in shared)) return;
  const inner = shared.context;
  if (typeof inner !== 'object' || inner === null || !('close' in inner)) return;
  if (typeof inner.close === 'function') inner.close();
}

function entryId(key: string, name: string): string {
  return `${key} ${name}`;
}
