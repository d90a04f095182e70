import type { ClientFraming, ResponseHeadOptions } from '../http1/forward.js';
import type { ResponseHead } from '../http1/types.js';

/**
 * Where the answer to one request goes: text on an HTTP/1 connection, or the frames of one HTTP/2 stream. Buffers
 * are the reader's: what is given stays valid until `flush`, which follows in the same call.
 */
export interface ClientOutput {
  /** Counts what left: whether anything did since a certain moment. */
  readonly writes: number;
  /** The client is behind: the worker has to pause until the client has taken some of it. */
  readonly isFull: boolean;
  /** A 1xx other than 101. */
  interim(head: ResponseHead): void;
  /** The final head, or the one of an accepted upgrade. With framing `none` nothing follows. */
  head(head: ResponseHead, options: ResponseHeadOptions): void;
  /** Bytes of a body of known length, or of a tunnel. */
  bytes(buffer: Buffer, start: number, end: number): void;
  /** Bytes of a body whose length is not known beforehand. */
  chunk(buffer: Buffer, start: number, end: number): void;
  /** Behind the last byte of a body. */
  endBody(framing: ClientFraming, trailers: readonly string[] | null): void;
  flush(): void;
  /** Bytes of the answer, its heads included, since this was asked last; those that still wait count too. */
  takeCount(): number;
  /** Forgets what has not left. */
  discard(): void;
}
