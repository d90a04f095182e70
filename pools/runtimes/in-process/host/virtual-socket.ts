/**
 * One client connection as the app sees it: Node's own `net.Socket` over a fake handle. Only writing,
 * resetting and the keep-alive timer are ours; everything else is Node's code.
 */
import net from 'node:net';
import type { FakeHandle } from './fake-handle.js';
import type { HttpParser, IncomingInternals, ResponseInternals, ServerInternals } from './node-internals.js';

export type WriteCallback = (error?: Error | null) => void;
export interface WritePiece {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

/** What the fast path keeps about the request in flight; implemented by the stream. */
export interface Flight {
  /** Nothing in flight, nothing queued, not upgraded. */
  readonly isIdle: boolean;
  readonly idleSinceMs: number;
  /** Set by the fast path only: Node's own list does not know this request. */
  request: IncomingInternals | null;
  /** The response is written and detached from the socket. */
  answered(): void;
  /** Node would arm its keep-alive timer now. */
  becameIdle(): void;
  /** Ends the virtual socket if it is idle; the client's connection stays. */
  releaseIfIdle(): void;
}

/** Where the written bytes go: implemented by the stream. */
export interface SocketOwner extends Flight {
  writePieces(pieces: readonly WritePiece[], callback: WriteCallback): void;
  writePiece(chunk: Buffer | string, encoding: BufferEncoding, callback: WriteCallback): void;
  /** The next close is a reset. */
  resetting(): void;
}

/** Node adds this to `keepAliveTimeout` where the server has no `keepAliveTimeoutBuffer`. */
const keepAliveBufferMs = 1_000;

function keepAliveTimerMs(server: ServerInternals): number {
  return server.keepAliveTimeout + (server.keepAliveTimeoutBuffer ?? keepAliveBufferMs);
}

export class VirtualSocket extends net.Socket {
  declare parser: HttpParser | null;
  declare _httpMessage: ResponseInternals | null | undefined;
  declare server: ServerInternals;
  declare _server: ServerInternals | null;
  declare allowHalfOpen: boolean;
  declare encrypted?: boolean;
  declare _unrefTimer: () => void;
  declare _paused: boolean;
  readonly #owner: SocketOwner;

  constructor(owner: SocketOwner, handle: FakeHandle, server: ServerInternals) {
    const options = {
      handle,
      allowHalfOpen: true,
      readable: true,
      writable: true,
      readableHighWaterMark: server.highWaterMark,
      writableHighWaterMark: server.highWaterMark,
    };
    super(options as net.SocketConstructorOpts);
    this.#owner = owner;
  }

  /** Also of a socket in the dress of TLS, which is no instance of this class. */
  static is(value: unknown): value is VirtualSocket {
    return typeof value === 'object' && value !== null && #owner in value;
  }

  get flight(): Flight {
    return this.#owner;
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.timeout) this._unrefTimer();
    this.#owner.writePiece(chunk, encoding, callback);
  }

  override _writev(chunks: { chunk: Buffer | string; encoding: BufferEncoding }[], callback: WriteCallback): void {
    if (this.timeout) this._unrefTimer();
    this.#owner.writePieces(chunks, callback);
  }

  /** The stream is reset, not the client's TCP connection to the listener. */
  override resetAndDestroy(): this {
    this.#owner.resetting();
    this.destroy();
    return this;
  }

  /**
   * After each response Node arms a timer that closes an idle connection. Idle virtual sockets are swept
   * instead: recognise exactly that call and arm nothing.
   */
  override setTimeout(delayMs: number, callback?: () => void): this {
    if (callback === undefined && !this._httpMessage && this.server && delayMs === keepAliveTimerMs(this.server)) {
      if (this.timeout) super.setTimeout(0);
      this.#owner.becameIdle();
      return this;
    }
    return super.setTimeout(delayMs, callback);
  }
}

// Apps and tools print and compare the class name.
Object.defineProperty(VirtualSocket, 'name', { value: 'Socket' });
