/**
 * X-Forwarded-For and X-Forwarded-Proto as the client's address and scheme of a request. As ASP.NET Core
 * does it: the last element counts, it is taken out, and what it replaced is kept in X-Original-*.
 */
import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';

interface Client {
  readonly address: string;
  /** undefined: the host did not say. */
  readonly port: number | undefined;
}

/**
 * Sets the socket's remote fields to the client's until the next request of this connection: a host sends
 * one request at a time on each. Call it only for requests that are known to come from the host.
 */
export function applyForwarded(request: IncomingMessage): void {
  const { headers, socket } = request;
  restore(socket);
  const [client, earlier] = takeLast(headers['x-forwarded-for']);
  const from = parseClient(client);
  // A scheme without a client is not to be trusted either.
  if (from === null) return;
  headers['x-original-for'] = `${socket.remoteAddress ?? 'unix'}:${socket.remotePort ?? 0}`;
  put(headers, 'x-forwarded-for', earlier);
  show(socket, 'remoteAddress', from.address);
  show(socket, 'remotePort', from.port);
  show(socket, 'remoteFamily', isIP(from.address) === 6 ? 'IPv6' : 'IPv4');
  const [scheme, earlierSchemes] = takeLast(headers['x-forwarded-proto']);
  if (scheme !== 'http' && scheme !== 'https') return;
  headers['x-original-proto'] = 'http';
  put(headers, 'x-forwarded-proto', earlierSchemes);
  show(socket, 'encrypted', scheme === 'https');
}

const shown = ['remoteAddress', 'remotePort', 'remoteFamily', 'encrypted'] as const;

/** The fields of net.Socket are getters of its prototype, which show through again. */
function restore(socket: Socket): void {
  for (const name of shown) Reflect.deleteProperty(socket, name);
}

function show(socket: Socket, name: (typeof shown)[number], value: unknown): void {
  Object.defineProperty(socket, name, { value, configurable: true, enumerable: false, writable: true });
}

function put(headers: IncomingMessage['headers'], name: string, value: string): void {
  if (value === '') delete headers[name];
  else headers[name] = value;
}

/** The last element of a list, and the list without it. */
function takeLast(list: string | string[] | undefined): [last: string, rest: string] {
  const text = Array.isArray(list) ? list.join(', ') : (list ?? '');
  const comma = text.lastIndexOf(',');
  return [text.slice(comma + 1).trim(), text.slice(0, Math.max(0, comma)).trim()];
}

/** `203.0.113.7`, `203.0.113.7:51234`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:51234`. */
function parseClient(text: string): Client | null {
  if (isIP(text) !== 0) return { address: text, port: undefined };
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]{1,5}))?$/.exec(text);
  const address = parts?.[1] ?? parts?.[2] ?? '';
  if (isIP(address) !== (parts?.[1] === undefined ? 4 : 6)) return null;
  const port = parts?.[3] === undefined ? undefined : Number(parts[3]);
  return port === undefined || port <= 65_535 ? { address, port } : null;
}
