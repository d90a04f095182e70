/**
 * The seam: the places in Node's HTTP server code where the native parser calls in. They are not
 * documented, so all of it is checked once at start by a dry run against a throw-away server; on any
 * difference requests go in as bytes, by documented behaviour alone.
 */
import common from '_http_common';
import http from 'node:http';
import { messageOf } from '../../../../config/base/errors.js';
import { FakeHandle } from './fake-handle.js';
import { type HttpParser, type IncomingInternals, type ServerInternals, symbolOf } from './node-internals.js';
import { VirtualSocket } from './virtual-socket.js';

/** Numbers of the parser's slots and of the request methods. */
export interface Seam {
  readonly onHeadersComplete: number;
  readonly onBody: number;
  readonly onMessageComplete: number;
  readonly onExecute: number;
  /** The native numbers; they differ from the sorted `http.METHODS`. */
  readonly methods: ReadonlyMap<string, number>;
  /** Null: the plain request takes Node's own way too. */
  readonly fast: FastSymbols | null;
}

/** Symbols by which the fast path reads what Node keeps on server and request. */
export interface FastSymbols {
  readonly incomingMessage: symbol;
  readonly serverResponse: symbol;
  readonly uniqueHeaders: symbol;
  /** Null on Node 20. */
  readonly optimizeEmptyRequests: symbol | null;
}

const methodNumbersMax = 60;
const methodsExpectedMin = 30;

type OnHeadersComplete = (
  this: HttpParser,
  major: number,
  minor: number,
  fields: string[],
  method: number,
  url: string,
  statusCode: undefined,
  statusMessage: undefined,
  upgrade: boolean,
  keepAlive: boolean,
) => unknown;
type OnBody = (this: HttpParser, chunk: Buffer) => void;
type OnMessageComplete = (this: HttpParser) => void;
type OnExecute = (this: HttpParser, bytes: number) => void;

export function callHeadersComplete(seam: Seam, parser: HttpParser, ...rest: Parameters<OnHeadersComplete>): void {
  (parser[seam.onHeadersComplete] as OnHeadersComplete).apply(parser, rest);
}

export function callBody(seam: Seam, parser: HttpParser, chunk: Buffer): void {
  (parser[seam.onBody] as OnBody).call(parser, chunk);
}

export function callMessageComplete(seam: Seam, parser: HttpParser): void {
  (parser[seam.onMessageComplete] as OnMessageComplete).call(parser);
}

export function callExecute(seam: Seam, parser: HttpParser): void {
  (parser[seam.onExecute] as OnExecute).call(parser, 0);
}

const silentOwner = {
  isIdle: true,
  idleSinceMs: 0,
  request: null,
  answered: () => undefined,
  releaseIfIdle: () => undefined,
  readStarted: () => undefined,
  shutDown: () => undefined,
  closing: () => undefined,
  aboutToClose: () => undefined,
  resetting: () => undefined,
  becameIdle: () => undefined,
  writePieces: (_pieces: unknown, callback: () => void) => callback(),
  writePiece: (_chunk: unknown, _encoding: unknown, callback: () => void) => callback(),
};

/** `secureConnection` is where a server that speaks TLS hands a socket to its HTTP code. */
export type ConnectionEvent = 'connection' | 'secureConnection';

/**
 * Emits the event for a virtual socket. The server's connection list must be out of sight meanwhile:
 * the native parser would join it as "headers not complete" and be timed out in a good response.
 */
export function emitConnection(
  server: ServerInternals,
  socket: VirtualSocket,
  event: ConnectionEvent,
  hideConnections: boolean,
): void {
  const list = hideConnections ? symbolOf(server, 'http.server.connections') : null;
  if (list === null) {
    server.emit(event, socket);
    return;
  }
  const connections = server[list];
  server[list] = undefined;
  try {
    server.emit(event, socket);
  } finally {
    server[list] = connections;
  }
}

/** @returns the seam, or in words what this Node lacks. */
export function findSeam(): Seam | string {
  try {
    return dryRun();
  } catch (error) {
    return messageOf(error);
  }
}

function constant(name: string): number {
  const value = common.HTTPParser[name];
  if (typeof value !== 'number') throw new Error(`HTTPParser.${name} is missing`);
  return value | 0;
}

function dryRun(): Seam {
  const server = new http.Server() as ServerInternals;
  const addresses = { remoteAddress: '', remotePort: 0, localAddress: '', localPort: 0 };
  const socket = new VirtualSocket(silentOwner, new FakeHandle(silentOwner, addresses), server);
  emitConnection(server, socket, 'connection', true);
  const parser = socket.parser;
  if (parser === null || parser === undefined) throw new Error('socket.parser is missing');
  const slots = {
    onHeadersComplete: constant('kOnHeadersComplete'),
    onBody: constant('kOnBody'),
    onMessageComplete: constant('kOnMessageComplete'),
    onExecute: constant('kOnExecute'),
  };
  for (const [name, slot] of Object.entries(slots)) {
    if (typeof parser[slot] !== 'function') throw new Error(`slot ${name} is missing`);
  }
  if (!Array.isArray(parser._headers)) throw new Error('parser._headers is missing');
  const base: Seam = { ...slots, methods: new Map(), fast: null };
  const seam = { ...base, methods: learnMethods(base, parser), fast: findFastSymbols(server) };
  socket.destroy();
  return seam;
}

/** Asks Node's own code for the name of each method number. */
function learnMethods(seam: Seam, parser: HttpParser): ReadonlyMap<string, number> {
  const methods = new Map<string, number>();
  let seen: IncomingInternals | null = null;
  parser.onIncoming = (request) => {
    seen = request;
    return 2;
  };
  for (let number = 0; number < methodNumbersMax; number += 1) {
    seen = null;
    callHeadersComplete(seam, parser, 1, 1, ['Host', 'x'], number, '/', undefined, undefined, false, true);
    const request = seen as IncomingInternals | null;
    if (request === null || request.url !== '/' || request.headers.host !== 'x') throw new Error('no request arises');
    if (typeof request.method === 'string') methods.set(request.method, number);
  }
  parser.incoming = null;
  if (methods.size < methodsExpectedMin || !methods.has('GET')) throw new Error(`${methods.size} methods only`);
  return methods;
}

function findFastSymbols(server: ServerInternals): FastSymbols | null {
  const incomingMessage = symbolOf(server, 'IncomingMessage');
  const serverResponse = symbolOf(server, 'ServerResponse');
  const uniqueHeaders = symbolOf(server, 'kUniqueHeaders');
  const prototype = http.IncomingMessage.prototype as unknown as IncomingInternals;
  const known =
    incomingMessage !== null &&
    serverResponse !== null &&
    uniqueHeaders !== null &&
    typeof prototype._dump === 'function' &&
    typeof prototype._addHeaderLines === 'function';
  if (!known) return null;
  return {
    incomingMessage,
    serverResponse,
    uniqueHeaders,
    optimizeEmptyRequests: symbolOf(server, 'OptimizeEmptyRequestsOption'),
  };
}
