// HOT: measured by test/bench/main.ts
import type { Socket } from 'node:net';
import { writeQueueHighBytes, writeScratchBytes } from '../../config/base/limits.js';
import { latin1 } from '../http1/bytes.js';
import {
  type ClientFraming,
  interimHead,
  responseHead,
  type ResponseHeadOptions,
  trailerBlock,
} from '../http1/forward.js';
import type { ResponseHead } from '../http1/types.js';
import type { ClientOutput } from './client-output.js';
import { bytesSent } from './raw-socket.js';
import { giveBack, takeBuffer } from './spare-buffers.js';

/** Bodies up to this size join the head in one string: cheaper than a buffer and a writev. */
const inlineBytesMax = 4_096;
/** Node writes strings below 16 KiB from the stack, without allocating. */
const textBytesMax = 15_000;

const crlf = '\r\n';

/**
 * Puts together what leaves a socket in one turn. Text is latin1, byte for byte; bytes are copied once
 * (their buffer belongs to the reader). Nothing leaves before `flush`, except bodies too large to wait.
 */
export class SocketOutput implements ClientOutput {
  socket: Socket;
  writes = 0;
  /** Bytes that left here, in all. */
  given = 0;
  #text = '';
  /** Of `given` and what waits: bytes that `takeCount` told of. */
  #counted = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Bytes accepted and not yet in the kernel. */
  get backlog(): number {
    return this.socket.writableLength + this.#text.length;
  }

  /** Bytes that the kernel took so far. */
  get sent(): number {
    return bytesSent(this.socket);
  }

  get isFull(): boolean {
    return this.backlog >= writeQueueHighBytes;
  }

  interim(head: ResponseHead): void {
    this.text(interimHead(head));
  }

  head(head: ResponseHead, options: ResponseHeadOptions): void {
    this.text(responseHead(head, options));
  }

  endBody(framing: ClientFraming, trailers: readonly string[] | null): void {
    if (framing === 'chunked') this.text(trailerBlock(trailers));
  }

  text(text: string): void {
    this.#text += text;
    if (this.#text.length > textBytesMax) this.flush();
  }

  bytes(buffer: Buffer, start: number, end: number): void {
    if (end - start <= inlineBytesMax) this.text(latin1(buffer, start, end));
    else this.#write(buffer, start, end, '');
  }

  /** One chunk of a chunked body (RFC 9112 7.1). */
  chunk(buffer: Buffer, start: number, end: number): void {
    const size = (end - start).toString(16) + crlf;
    if (end - start <= inlineBytesMax) {
      this.text(size + latin1(buffer, start, end) + crlf);
      return;
    }
    this.#text += size;
    this.#write(buffer, start, end, crlf);
  }

  /** What has come together, the bytes, and what belongs behind them, in one write. */
  #write(buffer: Buffer, start: number, end: number, behind: string): void {
    const length = end - start;
    const text = this.#text;
    this.#text = '';
    const total = text.length + length + behind.length;
    const socket = this.socket;
    if (!socket.writable) return;
    this.writes += 1;
    this.given += total;
    const isLent = total <= writeScratchBytes;
    const target = isLent ? takeBuffer() : Buffer.allocUnsafe(total);
    if (text !== '') target.write(text, 0, 'latin1');
    buffer.copy(target, text.length, start, end);
    if (behind !== '') target.write(behind, text.length + length, 'latin1');
    if (isLent) socket.write(target.subarray(0, total), () => giveBack(target));
    else socket.write(target);
  }

  flush(): void {
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    this.writes += 1;
    this.given += text.length;
    if (this.socket.writable) this.socket.write(text, 'latin1');
  }

  takeCount(): number {
    const before = this.#counted;
    this.#counted = this.given + this.#text.length;
    return this.#counted - before;
  }

  discard(): void {
    this.#text = '';
  }
}
