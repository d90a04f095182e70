/**
 * The parts of Node's own HTTP and net code that the host touches and that @types/node does not name.
 * `seam.ts` checks at start that this Node has them; where it has not, the documented path is used.
 */
import type http from 'node:http';
import type net from 'node:net';

export type AnyFunction = (...args: never[]) => unknown;

/** The pooled parser object of one connection; the native parser calls its numeric slots. */
export interface HttpParser {
  [slot: number]: unknown;
  incoming: IncomingInternals | null;
  _headers: string[];
  onIncoming: (request: IncomingInternals, keepAlive: boolean) => number;
  finish?: () => Error | undefined;
  getCurrentBuffer?: () => Buffer;
}

export interface IncomingInternals extends Omit<http.IncomingMessage, 'httpVersion'> {
  httpVersion: string;
  joinDuplicateHeaders: boolean | null | undefined;
  upgrade: boolean | null;
  client: net.Socket;
  _consuming: boolean;
  _readableState: { resumeScheduled: boolean };
  _addHeaderLines(lines: string[], length: number): void;
  _dump(): void;
  [symbol: symbol]: unknown;
}

export interface ResponseInternals extends http.ServerResponse {
  _header: string | null;
  _headerSent: boolean;
  _keepAliveTimeout: number;
  _maxRequestsPerSocket: number;
  _last: boolean;
  _closed: boolean;
  destroyed: boolean;
  [symbol: symbol]: unknown;
}

export interface ServerInternals extends http.Server {
  _connections: number;
  _handle: unknown;
  highWaterMark?: number;
  noDelay?: boolean;
  joinDuplicateHeaders?: boolean;
  rejectNonStandardBodyWrites?: boolean;
  keepAliveTimeoutBuffer?: number;
  blockList?: { check(address: string, family: 'ipv4' | 'ipv6'): boolean };
  [symbol: symbol]: unknown;
}

/** What `net` asks of a listening handle. */
export interface ListenHandle {
  onconnection?: unknown;
  listen(backlog: number): number;
  close(callback?: () => void): void;
  ref(): void;
  unref(): void;
  readonly fd?: number;
  getsockname?(out: object): number;
}

export type Listen2 = (
  this: net.Server,
  address: string | null,
  port: number | null,
  addressType: number | null,
  backlog: number | undefined,
  fd: number | undefined,
  flags: number | undefined,
) => void;

/** Underscore members of `node:net`. */
export interface NetInternals {
  /** A bound, not listening handle, or a negative error number. */
  _createServerHandle?: (
    address: string | null,
    port: number | null,
    addressType: number | null,
    fd?: number,
  ) => ListenHandle | number;
}

/** The own symbol of `owner` with that description, or null. */
export function symbolOf(owner: object, description: string): symbol | null {
  return Object.getOwnPropertySymbols(owner).find((one) => one.description === description) ?? null;
}
