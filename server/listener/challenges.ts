/**
 * What an authority is shown when it looks whether a name leads to this machine: a text over plain http
 * (RFC 8555 8.3) or a certificate in a handshake of its own (RFC 8737 3). Before routing, and for tokens and names
 * of orders under way alone: applications with a client of their own are not in the way.
 */
import { createServer, type Server } from 'node:tls';
import { tlsHandshakeLimitMs } from '../../config/base/limits.js';
import type { Challenges } from '../../pools/protocol/primary-to-listener.js';
import { type ErrorOptions, pageResponse } from '../http1/error-page.js';
import type { Rejection, RequestHead } from '../http1/types.js';

export const challengeProtocol = 'acme-tls/1';
const folder = '/.well-known/acme-challenge/';

export interface ChallengeAnswer extends Rejection {
  readonly keyAuthorization: string;
}

export class ChallengeAnswers {
  /** Tells a request of an authority from others at the cost of one look while no order is under way. */
  isEmpty = true;
  #http: ReadonlyMap<string, string> = new Map();
  readonly #tls = new Map<string, { readonly certificate: string; readonly server: Server }>();

  apply({ http, tls }: Challenges): void {
    this.#http = new Map(Object.entries(http));
    this.isEmpty = this.#http.size === 0;
    for (const name of this.#tls.keys()) if (tls[name] === undefined) this.#tls.delete(name);
    for (const [name, { certificate, privateKey }] of Object.entries(tls)) {
      if (this.#tls.get(name)?.certificate === certificate) continue;
      this.#tls.set(name, { certificate, server: makeServer(certificate, privateKey) });
    }
  }

  /** @returns true when the request asks for an answer that is known: `asker` gets it as its rejection. */
  answer(request: RequestHead, asker: { rejection: Rejection }): boolean {
    if (!request.target.startsWith(folder) || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    const keyAuthorization = this.#http.get(request.target.slice(folder.length));
    if (keyAuthorization === undefined) return false;
    const found: ChallengeAnswer = { status: 200, subStatus: 0, reason: 'AcmeChallenge', keyAuthorization };
    asker.rejection = found;
    return true;
  }

  serverFor(name: string): Server | null {
    return this.#tls.get(name)?.server ?? null;
  }
}

function makeServer(certificate: string, privateKey: string): Server {
  const options = { cert: certificate, key: privateKey, ALPNProtocols: [challengeProtocol] };
  const server = createServer(
    { ...options, minVersion: 'TLSv1.2', handshakeTimeout: tlsHandshakeLimitMs },
    (socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.end();
    },
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

export function challengeText({ keyAuthorization }: ChallengeAnswer, options: ErrorOptions): string {
  const fields = `Content-Type: application/octet-stream\r\nCache-Control: no-store\r\nContent-Length: ${keyAuthorization.length}\r\n`;
  return pageResponse({ head: `HTTP/1.1 200 OK\r\n${fields}`, body: keyAuthorization }, options);
}
