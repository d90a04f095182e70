// HOT: measured by test/bench/main.ts
import { readSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { readBufferBytes } from '../../config/base/limits.js';

/** Receiver of what happens on one socket. */
export interface ByteSink {
  /** `buffer[0, length)` is valid only during the call: the next read of any socket overwrites it. */
  onBytes(buffer: Buffer, length: number): void;
  /** The other side sent FIN. */
  onEnd(): void;
  /** Everything written has left; called after the write queue was over the socket's mark. */
  onDrain(): void;
  /** The socket is gone; `code` is '' after an orderly close, else ECONNRESET and the like. Called once, last. */
  onClosed(code: string): void;
}

interface HandleOwner {
  _handle: StreamHandle | null;
}

/** The parts of Node's stream handle that we look at; all are optional, none is documented. */
interface StreamHandle {
  readonly useUserBuffer?: (buffer: Buffer) => void;
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  readonly fd?: number;
}

type ReadMode = 'onread' | 'data';

/** One buffer for all sockets of the process: a read is handed on completely before the next one. */
const readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);

/** Tests force the fallback with SLUICE_SOCKET_READ=data; otherwise the first socket decides. */
let mode: ReadMode | null = process.env['SLUICE_SOCKET_READ'] === 'data' ? 'data' : null;

export function readMode(): ReadMode | null {
  return mode;
}

function handleOf(socket: Socket): StreamHandle | null {
  return '_handle' in socket ? (socket as unknown as HandleOwner)._handle : null;
}

function detect(socket: Socket): ReadMode {
  const handle = handleOf(socket);
  return handle !== null && typeof handle === 'object' && typeof handle.useUserBuffer === 'function'
    ? 'onread'
    : 'data';
}

/** Node's `OnReadOpts`, with a callback that needs no `this`. */
interface SharedRead {
  readonly buffer: Buffer;
  readonly callback: (length: number) => boolean;
}

/**
 * What a socket's listeners reach their sink by, cut when it closes: V8's young collections keep a closed socket, with
 * all that it leads to, until an old one comes, since Node has put properties onto its handle.
 */
interface Line {
  sink: ByteSink;
}

const nobody: ByteSink = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClosed: () => undefined,
};

function onreadOf(line: Line): SharedRead {
  return {
    buffer: readBuffer,
    callback: (length) => {
      line.sink.onBytes(readBuffer, length);
      return true;
    },
  };
}

let open = 0;

/** Sockets of the data path that hold a descriptor: clients, workers, links. */
export function openSockets(): number {
  return open;
}

function listen(socket: Socket, line: Line, withData: boolean): void {
  let code = '';
  open += 1;
  if (withData) socket.on('data', (chunk: Buffer) => line.sink.onBytes(chunk, chunk.length));
  socket.on('end', () => line.sink.onEnd());
  socket.on('drain', () => line.sink.onDrain());
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code ?? 'ERROR';
  });
  socket.on('close', () => {
    open -= 1;
    const { sink } = line;
    line.sink = nobody;
    sink.onClosed(code);
  });
}

/** Where Node keeps what `onread` asks for: symbols of its own, found on a socket that was made with it. */
const onreadKeys = findOnreadKeys();

function findOnreadKeys(): { readonly buffer: symbol; readonly callback: symbol } | null {
  const options = { allowHalfOpen: true, onread: { buffer: Buffer.alloc(1), callback: () => true } };
  const sample = new Socket(options);
  const keyOf = (name: string): symbol | undefined =>
    Object.getOwnPropertySymbols(sample).find(({ description }) => description === name);
  const buffer = keyOf('kBuffer');
  const callback = keyOf('kBufferCb');
  return buffer === undefined || callback === undefined ? null : { buffer, callback };
}

/**
 * A server's TLSSocket is not asked about `onread`, although it reads as every other socket does: told afterwards.
 * @returns false where this Node has no such way, or something was read already.
 */
function readIntoShared(socket: Socket, { callback }: SharedRead): boolean {
  const handle = handleOf(socket);
  if (onreadKeys === null || typeof handle?.useUserBuffer !== 'function' || socket.readableLength > 0) return false;
  handle.useUserBuffer(readBuffer);
  const fields = socket as unknown as Record<symbol, unknown>;
  fields[onreadKeys.buffer] = readBuffer;
  fields[onreadKeys.callback] = callback;
  return true;
}

/** As a ByteSink gets them. */
export type TakeBytes = (buffer: Buffer, length: number) => void;

/**
 * Reads what comes first on an accepted socket that TLS takes over afterwards, without a buffer of its own for each read.
 * @returns what ends it; null where it cannot be: `readable` tells then.
 */
export function readFirst(accepted: Socket, take: TakeBytes): (() => void) | null {
  mode ??= detect(accepted);
  const line: Line = { sink: { ...nobody, onBytes: take } };
  if (mode === 'data' || !readIntoShared(accepted, onreadOf(line))) return null;
  accepted.read(0);
  return () => {
    line.sink = nobody;
  };
}

/**
 * Takes over a socket accepted with `pauseOnConnect`: reads go into the shared buffer without stream
 * machinery. Where this Node has no such handle, the accepted socket is used with `data` events.
 */
export function adoptSocket(accepted: Socket, sink: ByteSink): Socket {
  mode ??= detect(accepted);
  const line: Line = { sink };
  if (mode === 'data' || 'encrypted' in accepted) {
    accepted.allowHalfOpen = true;
    listen(accepted, line, mode === 'data' || !readIntoShared(accepted, onreadOf(line)));
    accepted.resume();
    return accepted;
  }
  const handle = handleOf(accepted);
  // The accepted socket gives its handle away and is garbage from here on.
  (accepted as unknown as HandleOwner)._handle = null;
  const options = { handle, allowHalfOpen: true, onread: onreadOf(line) };
  const socket = new Socket(options);
  listen(socket, line, false);
  return socket;
}

/** How a connection gets the socket that it works with. */
export type AdoptSocket = typeof adoptSocket;

/**
 * A peer that answers early and resets at once fails our next write, and Node then throws away what it has not read:
 * the answer. The kernel still has it. With this, a failed write hands those bytes to `take` before the socket goes.
 */
export function saveLastBytes(socket: Socket, take: (buffer: Buffer, length: number) => void): void {
  const destroy = socket.destroy.bind(socket);
  let isSaved = false;
  socket.destroy = (error?: NodeJS.ErrnoException) => {
    const fd = handleOf(socket)?.fd ?? -1;
    if (error?.syscall === 'write' && fd >= 0 && !isSaved) {
      isSaved = true;
      for (let length = readLast(fd); length > 0 && !socket.destroyed; length = readLast(fd)) take(readBuffer, length);
    }
    return destroy(error);
  };
}

/**
 * What the kernel has of an open socket and nobody has read yet goes to `sink` now. Of TLS it is not known what it says:
 * it stays there.
 */
export function readUnread(socket: Socket, sink: ByteSink): void {
  const fd = handleOf(socket)?.fd ?? -1;
  if (fd < 0 || socket.destroyed || 'encrypted' in socket) return;
  const length = readLast(fd);
  if (length > 0) sink.onBytes(readBuffer, length);
}

/** @returns 0 at the end, and when nothing (more) is there. */
function readLast(fd: number): number {
  try {
    return readSync(fd, readBuffer);
  } catch {
    return 0;
  }
}

export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** Connects to a worker. Never half-open towards us only: the sink hears of a FIN and decides. */
export function connectSocket(address: SocketAddress, sink: ByteSink, connected: () => void): Socket {
  const common = { allowHalfOpen: true, noDelay: true };
  const withData = mode === 'data';
  const line: Line = { sink };
  const options = withData ? { ...common, ...address } : { ...common, ...address, onread: onreadOf(line) };
  const socket = connect(options, connected);
  listen(socket, line, withData);
  return socket;
}

/**
 * Ends the connection so that its client cannot take what it has for the whole. Over TLS, where a reset is not ours to
 * send, the missing close_notify says the same (RFC 8446 6.1).
 */
export function resetSocket(socket: Socket): void {
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}

/** Bytes of this socket that the kernel took so far, for rates; falls back to what the stream knows. */
export function bytesSent(socket: Socket): number {
  const handle = handleOf(socket);
  const given = handle?.bytesWritten;
  if (given === undefined || handle?.writeQueueSize === undefined) {
    return (socket.bytesWritten ?? 0) - socket.writableLength;
  }
  return given - handle.writeQueueSize;
}

/** IPv4 mapped into IPv6 is written as IPv4 everywhere. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
