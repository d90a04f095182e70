/** Which servers can be hosted in-process. */
import http from 'node:http';
import type net from 'node:net';
import { symbolOf } from './node-internals.js';

export interface NotHosted {
  readonly code: string;
  readonly text: string;
}

/** Null = hosted; 'not-http' = none of our business: it listens for real. */
export function whyNotHosted(server: net.Server): NotHosted | 'not-http' | null {
  if (server instanceof http.Server) return null;
  const kind = kindOf(server);
  if (kind === 'http2') {
    return {
      code: 'http2-server',
      text: 'The app listens with an HTTP/2 server (node:http2). It cannot be hosted in-process: use http.createServer, or set hostingModel to OutOfProcess.',
    };
  }
  if (kind === 'https') {
    return {
      code: 'https-server',
      text: 'The app listens with an HTTPS server. Use http.createServer (Sluice ends TLS), or set hostingModel to OutOfProcess.',
    };
  }
  return 'not-http';
}

/** By names and own symbols: neither https nor http2 is loaded by the host. */
function kindOf(server: net.Server): 'http2' | 'https' | 'other' {
  for (let at: object | null = Object.getPrototypeOf(server); at !== null; at = Object.getPrototypeOf(at)) {
    const { name } = at.constructor;
    if (name === 'Http2Server' || name === 'Http2SecureServer') return 'http2';
  }
  return symbolOf(server, 'IncomingMessage') === null ? 'other' : 'https';
}
