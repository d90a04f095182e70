// HOT: measured by test/bench/http2.bench.ts
import { FieldKind } from '../http1/field-kinds.js';
import {
  clientCertName,
  type ForwardContext,
  forwardedFor,
  forwardedProto,
  isRewritten,
  requestFieldTravels,
  type UpstreamOptions,
} from '../http1/forward.js';
import type { RequestHead } from '../http1/types.js';
import type { Http2Request } from './types.js';

/**
 * The request for an out-of-process worker that speaks HTTP/2 with prior knowledge, as `upstreamRequestHead` of server/http1
 * writes it for HTTP/1.1: the client's fields without hop-by-hop and protected ones, then ours, the pairing token last.
 * The scheme is that of the connection to the worker (ASP.NET Core refuses another); an upgrade to websocket becomes
 * an extended CONNECT (RFC 8441), whose handshake needs no key.
 */
export function upstreamRequest(head: RequestHead, client: ForwardContext, upstream: UpstreamOptions): Http2Request {
  const fields: string[] = [];
  const { fieldKinds, connectionNames } = head;
  for (let i = 0; i < fieldKinds.length; i++) {
    const kind = fieldKinds[i] as number;
    const name = head.fields[i * 2] as string;
    const value = head.fields[i * 2 + 1] as string;
    if (kind !== FieldKind.plain || connectionNames !== null) {
      if (!travels(head, client, kind, name, value)) continue;
    }
    if (head.upgradeWebSocket && name.length === 17 && name.toLowerCase() === 'sec-websocket-key') continue;
    fields.push(name, value);
  }
  fields.push('x-forwarded-for', forwardedFor(head, client, upstream));
  fields.push('x-forwarded-proto', forwardedProto(head, client, upstream));
  if (client.clientCertificate !== '') {
    fields.push('ms-aspnetcore-clientcert', client.clientCertificate);
    fields.push(clientCertName, client.forwardedClientCert);
  }
  if (upstream.pairingToken !== '') fields.push('ms-aspnetcore-token', upstream.pairingToken);
  return {
    method: head.method,
    scheme: 'http',
    authority: head.hostField,
    path: head.target,
    protocol: head.upgradeWebSocket ? 'websocket' : '',
    fields,
    neverIndexed: head.neverIndexed,
  };
}

function travels(head: RequestHead, client: ForwardContext, kind: number, name: string, value: string): boolean {
  // The only thing TE may still say (RFC 9113 8.2.2); gRPC asks for it.
  if (kind === FieldKind.hop) return name.length === 2 && value.toLowerCase() === 'trailers';
  if (kind === FieldKind.host || isRewritten(kind)) return false;
  if (kind === FieldKind.trailer) return true;
  return requestFieldTravels(head, client, kind, name);
}
