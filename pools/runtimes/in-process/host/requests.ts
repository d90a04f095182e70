// HOT: measured by test/bench/host.bench.ts
/**
 * The requests of one virtual socket: calls Node's HTTP server code as its native parser would. The plain
 * request takes the fast path; without the seam requests go in as bytes (`request-bytes.ts`).
 */
import async_hooks from 'node:async_hooks';
import { RequestFlag } from '../../../link/frames.js';
import type { DecodedRequest } from '../../../link/payloads.js';
import { beginPlain, isPlain } from './fast-path.js';
import type { IncomingInternals } from './node-internals.js';
import { BytesEncoder } from './request-bytes.js';
import { callBody, callExecute, callHeadersComplete, callMessageComplete, type Seam } from './seam.js';
import type { Stream } from './stream.js';
import type { VirtualSocket } from './virtual-socket.js';

/** Before Node 24 a store entered in the handler is seen by the listeners of the request's body. */
const bodySeesStore = Number.parseInt(process.versions.node, 10) < 24;

export function systemError(message: string, code: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(message);
  error.code = code;
  return error;
}

export class Requests {
  /** Node wanted its keep-alive timer after the last response. */
  timerNoted = false;
  readonly #stream: Stream;
  readonly #bytes: BytesEncoder | null;
  #bodyScope: async_hooks.AsyncResource | null = null;
  /** Left set by a call that threw: Node's parser is stuck then and notices no truncated upload. */
  #isInside = false;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#bytes = stream.app.seam === null ? new BytesEncoder() : null;
  }

  begin(request: DecodedRequest, flags: number): void {
    const stream = this.#stream;
    const socket = stream.socket;
    if (socket === null) return;
    const seam = stream.app.seam;
    if (seam === null) {
      this.#push(socket, this.#bytes?.head(request, flags));
      return;
    }
    if (!socket.parser) return;
    if (this.timerNoted) this.#restoreTimeout(socket);
    if (socket.timeout) socket._unrefTimer();
    const hasBody = (flags & RequestFlag.body) !== 0;
    const keepAlive = (flags & RequestFlag.close) === 0;
    const fast = seam.fast;
    this.#isInside = true;
    try {
      if (fast !== null && seam.methods.has(request.method) && isPlain(fast, socket, flags, request.fields))
        beginPlain(fast, socket, request.fields, request.method, request.url, keepAlive, hasBody);
      else this.#beginNode(seam, socket, request, flags);
      this.#isInside = false;
    } finally {
      if (hasBody && bodySeesStore && !stream.upgraded)
        this.#bodyScope = new async_hooks.AsyncResource('HTTPINCOMINGMESSAGE');
    }
  }

  /** Node's own code decides: Expect, Upgrade, limits of the server, old versions. */
  #beginNode(seam: Seam, socket: VirtualSocket, request: DecodedRequest, flags: number): void {
    const parser = socket.parser;
    const method = seam.methods.get(request.method);
    if (!parser || method === undefined) {
      socket.destroy();
      return;
    }
    const minor = (flags & RequestFlag.http10) === 0 ? 1 : 0;
    const upgrade = (flags & RequestFlag.upgrade) !== 0 || request.method === 'CONNECT';
    const keepAlive = (flags & RequestFlag.close) === 0;
    const { fields, url } = request;
    try {
      callHeadersComplete(seam, parser, 1, minor, fields, method, url, undefined, undefined, upgrade, keepAlive);
    } finally {
      this.#watchAnswer(socket);
    }
    if (upgrade && parser.incoming?.upgrade) this.#upgrade(seam, socket, parser.incoming);
    else if ((flags & RequestFlag.body) === 0) callMessageComplete(seam, parser);
  }

  /** Learns of the end of a response that Node's own code built, without adding a listener. */
  #watchAnswer(socket: VirtualSocket): void {
    const response = socket._httpMessage;
    if (!response) return;
    const stream = this.#stream;
    Object.defineProperty(response, 'detachSocket', {
      configurable: true,
      writable: true,
      value(this: typeof response, from: VirtualSocket): void {
        Reflect.deleteProperty(response, 'detachSocket');
        response.detachSocket(from);
        stream.answered();
      },
    });
  }

  #upgrade(seam: Seam, socket: VirtualSocket, request: IncomingInternals): void {
    const parser = socket.parser;
    if (!parser) return;
    const stream = this.#stream;
    stream.upgraded = true;
    stream.bodyOpen = false;
    request.complete = true;
    parser.getCurrentBuffer = () => {
      Reflect.deleteProperty(parser, 'getCurrentBuffer');
      return Buffer.alloc(0);
    };
    try {
      callExecute(seam, parser);
    } finally {
      Reflect.deleteProperty(parser, 'getCurrentBuffer');
    }
  }

  body(chunk: Buffer): void {
    const stream = this.#stream;
    const socket = stream.socket;
    if (socket === null) return;
    if (socket.timeout) socket._unrefTimer();
    const seam = stream.app.seam;
    if (stream.upgraded) this.#push(socket, chunk);
    else if (seam === null) this.#push(socket, this.#bytes?.body(chunk));
    else if (socket.parser) {
      this.#isInside = true;
      if (this.#bodyScope !== null) this.#bodyScope.runInAsyncScope(callBody, undefined, seam, socket.parser, chunk);
      else callBody(seam, socket.parser, chunk);
      this.#isInside = false;
    }
  }

  complete(trailers: readonly string[]): void {
    const stream = this.#stream;
    const socket = stream.socket;
    if (socket === null || stream.upgraded) return;
    const seam = stream.app.seam;
    if (seam === null) {
      this.#push(socket, this.#bytes?.end(trailers));
      return;
    }
    const parser = socket.parser;
    const scope = this.#bodyScope;
    this.#bodyScope = null;
    if (!parser) return;
    if (trailers.length > 0) parser._headers = [...trailers];
    if (scope !== null) scope.runInAsyncScope(callMessageComplete, undefined, seam, parser);
    else callMessageComplete(seam, parser);
  }

  /** The client half-closed: for Node that is the end of the connection. */
  endOfInput(isTruncated: boolean): void {
    const socket = this.#stream.socket;
    if (socket === null) return;
    const parser = socket.parser;
    if (isTruncated && !this.#isInside && parser && this.#stream.app.seam !== null) {
      parser.finish = () => {
        Reflect.deleteProperty(parser, 'finish');
        return systemError('Parse Error', 'HPE_INVALID_EOF_STATE');
      };
    }
    socket.push(null);
    // As Node does after each end of a connection: lets 'end' come even if nobody reads any more.
    socket.read(0);
  }

  reset(): void {
    const socket = this.#stream.socket;
    if (socket === null) return;
    // Only an upgraded socket can be without: alone this would end the process.
    if (socket.listenerCount('error') === 0) {
      socket.destroy();
      return;
    }
    const error = systemError('read ECONNRESET', 'ECONNRESET');
    error.errno = -104;
    error.syscall = 'read';
    socket.destroy(error);
  }

  /** The socket is closing: what the parser's list would do for the request in flight. */
  abort(): void {
    const stream = this.#stream;
    const parser = stream.socket?.parser;
    if (parser) {
      // Parsers are pooled and keep own properties: none may reach another connection.
      Reflect.deleteProperty(parser, 'finish');
      Reflect.deleteProperty(parser, 'getCurrentBuffer');
    }
    const request = stream.request;
    stream.request = null;
    request?.destroy(systemError('aborted', 'ECONNRESET'));
  }

  /** What Node does when a request follows on a connection: the server's time-out, or none. */
  #restoreTimeout(socket: VirtualSocket): void {
    this.timerNoted = false;
    if (socket.timeout || socket.server.timeout) socket.setTimeout(socket.server.timeout || 0);
    else if (socket.timeout === undefined) Reflect.set(socket, 'timeout', 0);
  }

  #push(socket: VirtualSocket, bytes: Buffer | undefined): void {
    if (bytes === undefined || bytes.length === 0) return;
    if (!socket.push(bytes)) this.#stream.handle.readStop();
  }
}
