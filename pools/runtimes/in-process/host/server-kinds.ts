/** Which servers can be hosted in-process. */
import http from 'node:http';
import type net from 'node:net';
import { symbolOf } from './node-internals.js';

export interface NotHosted {
  readonly code: string;
  readonly text: string;
}

/** `https` and `http2` (with `allowHTTP1`) serve HTTP/1.1 here: TLS ends in the listener. */
export type HostedKind = 'http' | 'https' | 'http2';

const http2Only: NotHosted = {
  code: 'http2-server',
  text: 'The app listens with a server for HTTP/2 alone (node:http2). It cannot be hosted in-process: use http.createServer, or http2.createSecureServer with allowHTTP1: true, or set hostingModel to OutOfProcess.',
};

/** 'not-http' = none of our business: it listens for real. */
export function kindOf(server: net.Server): HostedKind | 'not-http' | NotHosted {
  if (server instanceof http.Server) return 'http';
  const name = http2Name(server);
  if (name === 'Http2Server') return http2Only;
  if (name === 'Http2SecureServer') return allowsHttp1(server) ? 'http2' : http2Only;
  return symbolOf(server, 'IncomingMessage') === null ? 'not-http' : 'https';
}

/** By names and own symbols: neither https nor http2 is loaded by the host. */
function http2Name(server: net.Server): 'Http2Server' | 'Http2SecureServer' | null {
  for (let at: object | null = Object.getPrototypeOf(server); at !== null; at = Object.getPrototypeOf(at)) {
    const { name } = at.constructor;
    if (name === 'Http2Server' || name === 'Http2SecureServer') return name;
  }
  return null;
}

function allowsHttp1(server: net.Server): boolean {
  const key = symbolOf(server, 'options');
  const options = key === null ? null : (Reflect.get(server, key) as { readonly allowHTTP1?: unknown } | null);
  return options?.allowHTTP1 === true;
}
