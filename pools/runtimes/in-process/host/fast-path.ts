// HOT: measured by test/bench/host.bench.ts
/**
 * The plain request: what Node's `parserOnIncoming` and `resOnFinish` do for it, in their order, without
 * their closures per request. Everything unusual goes through Node's own code (`deliver.ts`).
 */
import diagnostics_channel from 'node:diagnostics_channel';
import http from 'node:http';
import { RequestFlag } from '../../../link/frames.js';
import { type IncomingInternals, type ResponseInternals, type ServerInternals, symbolOf } from './node-internals.js';
import type { FastSymbols } from './seam.js';
import type { VirtualSocket } from './virtual-socket.js';

const requestStart = diagnostics_channel.channel('http.server.request.start');
const responseFinish = diagnostics_channel.channel('http.server.response.finish');

/** `req.signal` hangs on it; null where this Node has none. */
const detachAbortSignal = symbolOf(http.IncomingMessage.prototype, 'kDetachAbortSignal');

type IncomingConstructor = new (socket: VirtualSocket) => IncomingInternals;
type ResponseConstructor = new (request: IncomingInternals, options: object) => ResponseInternals;

const unusualFlags = RequestFlag.expect | RequestFlag.upgrade | RequestFlag.http10;

/** Whether this request may take the fast path on this server and socket. */
export function isPlain(
  symbols: FastSymbols,
  socket: VirtualSocket,
  flags: number,
  fields: readonly string[],
): boolean {
  const server = socket.server;
  return (
    (flags & unusualFlags) === 0 &&
    !socket._httpMessage &&
    !server.maxRequestsPerSocket &&
    !server.maxHeadersCount &&
    !(symbols.optimizeEmptyRequests !== null && server[symbols.optimizeEmptyRequests]) &&
    !requestStart.hasSubscribers &&
    hasHost(fields)
  );
}

/** The listener refuses duplicates; here it only matters that there is one. */
function hasHost(fields: readonly string[]): boolean {
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') return true;
  }
  return false;
}

/** Builds request and response and calls the app. The body follows through the parser's slots. */
export function beginPlain(
  symbols: FastSymbols,
  socket: VirtualSocket,
  fields: string[],
  method: string,
  url: string,
  keepAlive: boolean,
  hasBody: boolean,
): void {
  const server = socket.server;
  const request = new (server[symbols.incomingMessage] as IncomingConstructor)(socket);
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.httpVersion = '1.1';
  request.joinDuplicateHeaders = server.joinDuplicateHeaders;
  request.url = url;
  request.upgrade = false;
  request._addHeaderLines(fields, fields.length);
  request.method = method;
  const parser = socket.parser;
  if (parser) parser.incoming = request;

  const response = new (server[symbols.serverResponse] as ResponseConstructor)(request, {
    highWaterMark: socket.writableHighWaterMark,
    rejectNonStandardBodyWrites: server.rejectNonStandardBodyWrites,
  });
  response._keepAliveTimeout = server.keepAliveTimeout;
  response._maxRequestsPerSocket = server.maxRequestsPerSocket ?? 0;
  response.shouldKeepAlive = keepAlive;
  response[symbols.uniqueHeaders] = server[symbols.uniqueHeaders];
  response.assignSocket(socket);
  socket.flight.request = request;
  response.on('finish', onFinish);
  server.emit('request', request, response);
  // Not reached when the handler throws: as in Node, that request never becomes complete.
  if (hasBody) return;
  request.complete = true;
  request.push(null);
}

function onFinish(this: ResponseInternals): void {
  const request = this.req as unknown as IncomingInternals;
  const socket = request.client as VirtualSocket;
  const server: ServerInternals = socket.server;
  const flight = socket.flight;
  if (detachAbortSignal !== null) (request[detachAbortSignal] as () => void).call(request);
  if (responseFinish.hasSubscribers) responseFinish.publish({ request, response: this, socket, server });
  if (!request._consuming && !request._readableState.resumeScheduled) request._dump();
  this.detachSocket(socket);
  clearIncoming.call(request);
  process.nextTick(emitClose, this);
  flight.request = null;
  flight.answered();
  if (this._last) {
    socket.destroySoon();
    return;
  }
  // Where Node arms its keep-alive timer: a time-out left by this request must not fire in the next.
  if (socket.timeout) socket.setTimeout(0);
  flight.becameIdle();
}

function emitClose(response: ResponseInternals): void {
  if (response._closed) return;
  response.destroyed = true;
  response._closed = true;
  response.emit('close');
}

/** The parser forgets the request once nothing of its body can come any more. */
function clearIncoming(this: IncomingInternals): void {
  const parser = (this.socket as VirtualSocket | null)?.parser;
  if (!parser || parser.incoming !== this) return;
  if (this.readableEnded) parser.incoming = null;
  else this.on('end', clearIncoming);
}
