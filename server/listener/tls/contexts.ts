import { hkdfSync, constants, createHash } from 'node:crypto';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { missingCertificatesMax } from '../../../config/base/certificate-limits.js';
import type { Clock } from '../../../config/base/clock.js';
import { messageOf } from '../../../config/base/errors.js';
import { tlsContextsMax, tlsMissingRestMs, tlsQuestionsMax } from '../../../config/base/limits.js';
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
  /** Sessions of contexts with another scope are not resumed here. */
  readonly sessionScope: string;
}

/** Asked of the primary, which has not answered yet. */
interface Question {
  readonly tls: RouteTls;
  readonly waiting: ((context: TlsContext | null) => void)[];
}

/**
 * Certificates that were needed lately. Made when a client asks for the first time, replaced when their file
 * changes: connections keep the one they began with. Names that there is no certificate for come from clients
 * and are remembered apart: whatever they ask for, no certificate in use makes room for it.
 */
export class TlsContexts {
  readonly #ports: ContextPorts;
  /** In the order of their last use. */
  readonly #contexts = new Map<string, TlsContext>();
  readonly #questions = new Map<string, Question>();
  /** Until when each is not asked for again, the oldest first. */
  readonly #missing = new Map<string, number>();
  #secret = '';

  constructor(ports: ContextPorts) {
    this.#ports = ports;
  }

  /** Calls back at once, or when the primary has answered; null = there is none that can be used. */
  find(tls: RouteTls, serverName: string, found: (context: TlsContext | null) => void): void {
    const name = tls.byName ? serverName : '';
    const id = contextId(tls.key, name);
    const known = this.#contexts.get(id);
    if (known !== undefined) {
      this.#contexts.delete(id);
      this.#contexts.set(id, known);
      return found(known);
    }
    const asked = this.#questions.get(id);
    if (asked !== undefined) {
      asked.waiting.push(found);
      return;
    }
    const isMissing = this.#ports.clock.monotonicMs() < (this.#missing.get(id) ?? 0);
    if (isMissing || this.#questions.size >= tlsQuestionsMax) return found(null);
    this.#questions.set(id, { tls, waiting: [found] });
    this.#ports.say({ type: 'want-certificate', key: tls.key, name });
  }

  /** The primary's answer, or its news of a changed file. */
  receive(key: string, name: string, material: CertificateMaterial | null): void {
    const id = contextId(key, name);
    const asked = this.#questions.get(id);
    const before = this.#contexts.get(id);
    // News of a name that nobody needs here: the next one who does asks.
    this.#missing.delete(id);
    const tls = asked?.tls ?? before?.tls;
    if (tls === undefined) return;
    const made = material === null ? null : this.#make(tls, material);
    // A bad new file leaves the old context where it is.
    if (made !== null) this.#keepContext(id, made, before);
    else if (before === undefined) this.#miss(id);
    this.#questions.delete(id);
    for (const one of asked?.waiting ?? []) one(made ?? before ?? null);
  }

  forget(key: string, name: string): void {
    this.#drop(contextId(key, name));
  }

  /** Tickets of before are not accepted any more: their clients do a full handshake. */
  setTicketSecret(secret: string): void {
    this.#secret = secret;
    for (const { server, sessionScope } of this.#contexts.values())
      server.setTicketKeys(this.#ticketKeys(sessionScope));
  }

  /** New routes: what none of them names any more is not kept. */
  keep(keys: ReadonlySet<string>): void {
    for (const [id, { tls }] of this.#contexts) if (!keys.has(tls.key)) this.#drop(id);
  }

  #keepContext(id: string, made: TlsContext, before: TlsContext | undefined): void {
    if (before !== undefined) release(before);
    // One that is replaced keeps its place: it was not used.
    this.#contexts.set(id, made);
    if (this.#contexts.size <= tlsContextsMax) return;
    for (const oldest of this.#contexts.keys()) return this.#drop(oldest);
  }

  #miss(id: string): void {
    this.#missing.set(id, this.#ports.clock.monotonicMs() + tlsMissingRestMs);
    if (this.#missing.size <= missingCertificatesMax) return;
    for (const oldest of this.#missing.keys()) {
      this.#missing.delete(oldest);
      return;
    }
  }

  #drop(id: string): void {
    const context = this.#contexts.get(id);
    if (context === undefined) return;
    this.#contexts.delete(id);
    release(context);
  }

  /** A key of its own for each scope: a ticket of one site is nothing to another. */
  #ticketKeys(sessionScope: string): Buffer {
    return Buffer.from(
      hkdfSync('sha256', Buffer.from(this.#secret, 'base64'), '', `sluice ticket ${sessionScope}`, 48),
    );
  }

  #make(tls: RouteTls, material: CertificateMaterial): TlsContext | null {
    const sessionScope = scopeOf(tls, material);
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
        // The limit is the greeting's, from accept on. Node takes 0 for its own two minutes, and less for none.
        handshakeTimeout: -1,
        sessionIdContext: sessionScope,
        ticketKeys: this.#ticketKeys(sessionScope),
      });
      const own = new ShownCertificate();
      server.on('secureConnection', (socket) => this.#ports.secured(socket, tls, own));
      if (material.ocsp !== '') {
        const answer = Buffer.from(material.ocsp, 'base64');
        server.on('OCSPRequest', (_certificate, _issuer, staple) => staple(null, answer));
      }
      // Told of a handshake that takes too long, Node leaves the socket open.
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      return { tls, server, sessionScope };
    } catch (error) {
      const fields = { key: tls.key, error: messageOf(error) };
      this.#ports.say({ type: 'log', level: 'error', event: 'certificate-unusable', fields });
      return null;
    }
  }
}

/**
 * Certificate and policy as they are configured, and the authorities as they are now: a resumed session is not
 * verified again, so one that authorities of before vouched for must not be.
 */
function scopeOf({ key }: RouteTls, { authorities }: CertificateMaterial): string {
  return createHash('sha256').update(`${key} ${authorities}`).digest('hex').slice(0, 32);
}

/** What is offered by ALPN (RFC 7301), the best first. */
function protocolsOf(tls: RouteTls): readonly string[] {
  return tls.http2 ? ['h2', 'http/1.1'] : ['http/1.1'];
}

/**
 * Gives back what OpenSSL holds, about 70 KB: V8 does not know of it and would collect thousands of contexts too late.
 * Connections have their own share of it. Node offers this on the inner object only; where it is missing, V8 collects.
 */
function release({ server }: TlsContext): void {
  const shared: unknown = Reflect.get(server, '_sharedCreds');
  if (typeof shared !== 'object' || shared === null || !('context' in shared)) return;
  const inner = shared.context;
  if (typeof inner !== 'object' || inner === null || !('close' in inner)) return;
  if (typeof inner.close === 'function') inner.close();
}

function contextId(key: string, name: string): string {
  return `${key} ${name}`;
}
