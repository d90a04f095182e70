// HOT: measured by test/bench/http1.bench.ts
import { FieldKind } from './field-kinds.js';
import { badRequest } from './rejections.js';
import type { Rejection, RequestHead } from './types.js';

export {
  type ClientFraming,
  clientFraming,
  hasBody,
  interimHead,
  lastChunk,
  responseHead,
  type ResponseHeadOptions,
  trailerBlock,
} from './forward-response.js';

/**
 * What forwarding must know of one client connection. Make one per connection with
 * `createForwardContext`; for a trusted peer `resolveClient` (trusted-proxies.ts) renews the client per request.
 * `trusted` and `underscores` follow the configuration while the connection lasts.
 */
export interface ForwardContext {
  /** The TCP peer, IPv4 in plain form. */
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly peerScheme: 'http' | 'https';
  /** The peer is a trusted proxy: what it forwards is believed and travels on. */
  trusted: boolean;
  underscores: 'pass' | 'delete' | 'reject';
  /** The client after trusted-proxy treatment; port 0 = not known. */
  clientAddress: string;
  clientPort: number;
  scheme: 'http' | 'https';
  /** The TLS client's certificate as base64 of DER on one line; '' = none. For out-of-process workers. */
  clientCertificate: string;
  /** The same for X-Forwarded-Client-Cert (Envoy's form); '' = none. */
  forwardedClientCert: string;
  /** When the connection was ready for requests, on the monotonic clock of whoever made this; 0 = unknown. */
  acceptedMs: number;
}

/** Of the worker's connection and its application. */
export interface UpstreamOptions {
  /** '' = none. */
  readonly pairingToken: string;
  /** Write the client's port into X-Forwarded-For, as the ASP.NET Core Module does. */
  readonly forwardedPort: boolean;
  /** Append to the lists of a trusted proxy, as the ASP.NET Core Module does, instead of one value each. */
  readonly forwardedForAppend: boolean;
}

export function createForwardContext(
  peerAddress: string,
  peerPort: number,
  peerScheme: 'http' | 'https',
  trusted: boolean,
  underscores: 'pass' | 'delete' | 'reject',
): ForwardContext {
  return {
    peerAddress,
    peerPort,
    peerScheme,
    trusted,
    underscores,
    clientAddress: peerAddress,
    clientPort: peerPort,
    scheme: peerScheme,
    clientCertificate: '',
    forwardedClientCert: '',
    acceptedMs: 0,
  };
}

/** Of another request of the same client connection. */
export function copyForwardContext(from: ForwardContext): ForwardContext {
  const { peerAddress, peerPort, peerScheme, trusted, underscores } = from;
  const context = createForwardContext(peerAddress, peerPort, peerScheme, trusted, underscores);
  context.clientCertificate = from.clientCertificate;
  context.forwardedClientCert = from.forwardedClientCert;
  context.acceptedMs = from.acceptedMs;
  return context;
}

/** `underscoresInHeaders: reject`: the one refusal that depends on a setting. */
export function refuseUnderscores(head: RequestHead, client: ForwardContext): Rejection | null {
  return head.hasUnderscoreNames && client.underscores === 'reject' ? badRequest.underscoreName : null;
}

/** Does the field travel on? Not asked for plain ones that `Connection` does not name. */
export function requestFieldTravels(head: RequestHead, client: ForwardContext, kind: number, name: string): boolean {
  switch (kind) {
    case FieldKind.plain:
    case FieldKind.date:
      return head.connectionNames === null || !head.connectionNames.includes(name.toLowerCase());
    case FieldKind.underscore:
      return (
        client.underscores !== 'delete' &&
        (head.connectionNames === null || !head.connectionNames.includes(name.toLowerCase()))
      );
    case FieldKind.host:
    case FieldKind.contentLength:
      return true;
    case FieldKind.trailer:
    case FieldKind.transferEncoding:
      return head.framing === 'chunked';
    case FieldKind.expect:
      return head.expectContinue;
    case FieldKind.connection:
    case FieldKind.upgrade:
      return head.upgradeWebSocket;
    case FieldKind.forwarded:
    case FieldKind.forwardedFor:
    case FieldKind.forwardedProto:
      return client.trusted;
    default:
      return false;
  }
}

/** The value as it goes to a worker: what we interpreted is written by us, not copied. */
function workerValue(kind: number, value: string): string {
  switch (kind) {
    case FieldKind.transferEncoding:
      return 'chunked';
    case FieldKind.connection:
      return 'Upgrade';
    case FieldKind.upgrade:
      return 'websocket';
    default:
      return value;
  }
}

/**
 * Fields for an in-process worker: `name\nvalue\n` each, latin1. Names and order are the client's;
 * hop-by-hop and protected fields are gone; only the certificate of a TLS client is added. A websocket upgrade keeps Connection and Upgrade.
 */
export function linkRequestFields(head: RequestHead, client: ForwardContext): string {
  const { fields, fieldKinds, connectionNames } = head;
  let out = '';
  let connectionWritten = false;
  for (let i = 0; i < fieldKinds.length; i++) {
    const kind = fieldKinds[i] as number;
    const name = fields[i * 2] as string;
    const value = fields[i * 2 + 1] as string;
    if (kind === FieldKind.plain && connectionNames === null) {
      out += name + '\n' + value + '\n';
      continue;
    }
    if (!requestFieldTravels(head, client, kind, name)) continue;
    if (kind === FieldKind.connection) {
      if (connectionWritten) continue;
      connectionWritten = true;
    }
    out += name + '\n' + workerValue(kind, value) + '\n';
  }
  if (client.forwardedClientCert !== '') out += clientCertName + '\n' + client.forwardedClientCert + '\n';
  return out;
}

/** Trailers for an in-process worker, `name\nvalue\n` each; forbidden ones are gone since the decoder. */
export function linkTrailers(trailers: readonly string[] | null): string {
  if (trailers === null) return '';
  let out = '';
  for (let i = 0; i < trailers.length; i++) out += (trailers[i] as string) + '\n';
  return out;
}

/**
 * The whole HTTP/1.1 head for an out-of-process worker, latin1: Host as received, one X-Forwarded-For
 * and -Proto (ASP.NET Core reads only the last element), the pairing token last.
 */
export function upstreamRequestHead(head: RequestHead, client: ForwardContext, upstream: UpstreamOptions): string {
  const { fields, fieldKinds, connectionNames } = head;
  let out = head.method + ' ' + head.target + ' HTTP/1.1\r\n';
  if (!fieldKinds.includes(FieldKind.host)) out += 'Host: ' + head.hostField + '\r\n';
  for (let i = 0; i < fieldKinds.length; i++) {
    const kind = fieldKinds[i] as number;
    const name = fields[i * 2] as string;
    const value = fields[i * 2 + 1] as string;
    if (kind === FieldKind.plain && connectionNames === null) {
      out += name + ': ' + value + '\r\n';
      continue;
    }
    if (isRewritten(kind) || !requestFieldTravels(head, client, kind, name)) continue;
    out += name + ': ' + value + '\r\n';
  }
  if (head.framing === 'chunked') out += 'Transfer-Encoding: chunked\r\n';
  if (head.upgradeWebSocket) out += 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  out += 'X-Forwarded-For: ' + forwardedFor(head, client, upstream) + '\r\n';
  out += 'X-Forwarded-Proto: ' + forwardedProto(head, client, upstream) + '\r\n';
  if (client.clientCertificate !== '') {
    out += 'MS-ASPNETCORE-CLIENTCERT: ' + client.clientCertificate + '\r\n';
    out += clientCertName + ': ' + client.forwardedClientCert + '\r\n';
  }
  if (upstream.pairingToken !== '') out += 'MS-ASPNETCORE-TOKEN: ' + upstream.pairingToken + '\r\n';
  return out + '\r\n';
}

export const clientCertName = 'X-Forwarded-Client-Cert';

/** Fields that we write ourselves for an out-of-process worker, behind the client's. */
export function isRewritten(kind: number): boolean {
  return (
    kind === FieldKind.transferEncoding ||
    kind === FieldKind.connection ||
    kind === FieldKind.upgrade ||
    kind === FieldKind.forwardedFor ||
    kind === FieldKind.forwardedProto
  );
}

/** Value of X-Forwarded-For. */
export function forwardedFor(head: RequestHead, client: ForwardContext, upstream: UpstreamOptions): string {
  if (!upstream.forwardedForAppend || !client.trusted) {
    return withPort(client.clientAddress, upstream.forwardedPort ? client.clientPort : 0);
  }
  const list = joined(head, FieldKind.forwardedFor);
  const peer = withPort(client.peerAddress, upstream.forwardedPort ? client.peerPort : 0);
  return list === '' ? peer : list + ', ' + peer;
}

/** Value of X-Forwarded-Proto. */
export function forwardedProto(head: RequestHead, client: ForwardContext, upstream: UpstreamOptions): string {
  if (!upstream.forwardedForAppend || !client.trusted) return client.scheme;
  const list = joined(head, FieldKind.forwardedProto);
  return list === '' ? client.peerScheme : list + ', ' + client.peerScheme;
}

function withPort(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(':') ? '[' + address + ']:' + String(port) : address + ':' + String(port);
}

/** All values of one kind as one list, in order. */
export function joined(head: RequestHead, kind: number): string {
  let list = '';
  for (let i = 0; i < head.fieldKinds.length; i++) {
    if (head.fieldKinds[i] !== kind) continue;
    const value = head.fields[i * 2 + 1] as string;
    if (value !== '') list += list === '' ? value : ', ' + value;
  }
  return list;
}

/**
 * End of a chunked request body towards an out-of-process worker: only trailers that the request
 * announced in `Trailer` travel.
 */
export function announcedTrailersOf(head: RequestHead, trailers: readonly string[] | null): string[] | null {
  if (trailers === null || head.announcedTrailers === null) return null;
  let kept: string[] | null = null;
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string;
    if (head.announcedTrailers.includes(name.toLowerCase())) (kept ??= []).push(name, trailers[i + 1] as string);
  }
  return kept;
}
