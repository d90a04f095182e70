// HOT: measured by test/bench/main.ts
import { http2StreamQueueHighBytes } from '../../../config/base/limits.js';
import type { ClientFraming, ResponseHeadOptions } from '../../http1/forward.js';
import type { ResponseHead } from '../../http1/types.js';
import type { ServerConnection, ServerStream } from '../../http2/types.js';
import type { ClientOutput } from '../../proxy/client-output.js';
import type { StreamClient } from './stream-client.js';

/** What a stream's answer needs of its connection. */
export interface StreamPorts {
  readonly engine: ServerConnection<StreamClient>;
  /** All answers of the connection wait. */
  readonly isCongested: boolean;
  /** An answer may wait in its stream. */
  noteQueued(): void;
  /** Frames are written: they leave at the end of the turn. */
  flushSoon(): void;
}

/** The answer to the request of one stream. Used again; `begin` for each request. */
export class StreamOutput implements ClientOutput {
  writes = 0;
  readonly #ports: StreamPorts;
  #stream: ServerStream<StreamClient> | null = null;
  /** The head waits for what comes with it: an answer without a body is one frame. */
  #head: ResponseHead | null = null;
  #options: ResponseHeadOptions | null = null;
  /** Of header blocks and DATA; trailers are encoded too late to be among them. */
  #uncounted = 0;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
  }

  begin(stream: ServerStream<StreamClient>): void {
    this.#stream = stream;
    this.#uncounted = 0;
    this.discard();
  }

  /** The stream is another's from now on. */
  leave(): void {
    this.#stream = null;
    this.discard();
  }

  get isFull(): boolean {
    if (this.#stream === null) return false;
    return this.#ports.isCongested || this.#stream.queuedBytes > http2StreamQueueHighBytes;
  }

  interim(head: ResponseHead): void {
    if (this.#stream !== null) this.#uncounted += this.#ports.engine.interim(this.#stream, head);
    this.#ports.flushSoon();
  }

  head(head: ResponseHead, options: ResponseHeadOptions): void {
    this.#head = head;
    this.#options = options;
    if (options.framing === 'none' && options.connection !== 'upgrade') this.#sendHead(true);
  }

  bytes(buffer: Buffer, start: number, end: number): void {
    if (this.#head !== null) this.#sendHead(false);
    const stream = this.#stream;
    if (stream === null || end <= start) return;
    this.writes += 1;
    this.#uncounted += end - start;
    this.#ports.engine.data(stream, buffer, start, end);
    if (stream.queuedBytes > 0) this.#ports.noteQueued();
  }

  chunk(buffer: Buffer, start: number, end: number): void {
    this.bytes(buffer, start, end);
  }

  endBody(_framing: ClientFraming, trailers: readonly string[] | null): void {
    const isEmpty = trailers === null || trailers.length === 0;
    if (this.#head !== null && isEmpty) return this.#sendHead(true);
    if (this.#head !== null) this.#sendHead(false);
    this.end(isEmpty ? null : trailers);
  }

  end(trailers: readonly string[] | null): void {
    if (this.#stream !== null) this.#ports.engine.end(this.#stream, trailers);
    this.#ports.flushSoon();
  }

  flush(): void {
    if (this.#head !== null) this.#sendHead(false);
    this.#ports.flushSoon();
  }

  takeCount(): number {
    const count = this.#uncounted;
    this.#uncounted = 0;
    return count;
  }

  discard(): void {
    this.#head = null;
    this.#options = null;
  }

  #sendHead(isEnd: boolean): void {
    const head = this.#head;
    const options = this.#options;
    this.discard();
    if (head === null || options === null || this.#stream === null) return;
    this.writes += 1;
    this.#uncounted += this.#ports.engine.respond(this.#stream, head, options, isEnd);
    this.#ports.flushSoon();
  }
}
