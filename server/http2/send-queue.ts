// HOT: measured by test/bench/http2.bench.ts
import { http2StreamQueueLowBytes, http2StreamQueueHighBytes } from '../../config/base/limits.js';
import { initialWindowBytes, windowBytesLimit } from './codes.js';
import type { FrameWriter } from './frame-writer.js';
import type { StreamCore } from './stream.js';

/** What the queue tells its connection. */
export interface SendPorts<S> {
  /** The last queued byte has left. */
  onQueueEmpty(stream: S): void;
  onQueueLow(stream: S): void;
  onDataSent(bytes: number): void;
}

/**
 * DATA on its way out (RFC 9113 5.2, 6.9): as much as the windows of stream and connection and the output take leaves at
 * once, the rest waits in its stream. Waiting streams go on in turn, a frame each.
 */
export class SendQueue<S extends StreamCore<unknown>> {
  readonly #writer: FrameWriter;
  readonly #ports: SendPorts<S>;
  readonly waiting = new Set<S>();
  /** Window of the connection. */
  window = initialWindowBytes;
  /** Bytes that wait in all streams. */
  queuedBytes = 0;
  /** DATA that left, ever. */
  sentBytes = 0;
  #isPumping = false;

  constructor(writer: FrameWriter, ports: SendPorts<S>) {
    this.#writer = writer;
    this.#ports = ports;
  }

  send(stream: S, buffer: Buffer, start: number, end: number): void {
    let at = start;
    if (stream.queuedBytes === 0) {
      while (at < end) {
        const size = this.#allowed(stream, end - at);
        if (size === 0) break;
        this.#write(stream, buffer, at, at + size);
        at += size;
      }
    }
    if (at === end) return;
    stream.queue.push(Buffer.from(buffer.subarray(at, end)));
    stream.queuedBytes += end - at;
    this.queuedBytes += end - at;
    if (stream.queuedBytes > http2StreamQueueHighBytes) stream.wasHigh = true;
    this.waiting.add(stream);
  }

  /** Window of a stream; false: beyond the limit (6.9.1). */
  widenStream(stream: S, increment: number): boolean {
    if (stream.sendWindow + increment > windowBytesLimit) return false;
    stream.sendWindow += increment;
    if (stream.queuedBytes > 0) this.pump();
    return true;
  }

  widen(increment: number): boolean {
    if (this.window + increment > windowBytesLimit) return false;
    this.window += increment;
    this.pump();
    return true;
  }

  /** The stream was reset: nothing of it leaves any more. */
  drop(stream: S): void {
    this.queuedBytes -= stream.queuedBytes;
    this.waiting.delete(stream);
    stream.dropQueue();
  }

  /** Sends what may be sent, one frame of each waiting stream in turn. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    let isMoving = true;
    while (isMoving && this.waiting.size > 0) {
      isMoving = false;
      for (const stream of this.waiting) if (this.#sendQueued(stream)) isMoving = true;
    }
    this.#isPumping = false;
  }

  #sendQueued(stream: S): boolean {
    const piece = stream.queue[0];
    if (piece === undefined) return false;
    const size = this.#allowed(stream, piece.length - stream.queueOffset);
    if (size === 0) return false;
    this.#write(stream, piece, stream.queueOffset, stream.queueOffset + size);
    stream.queueOffset += size;
    stream.queuedBytes -= size;
    this.queuedBytes -= size;
    if (stream.queueOffset === piece.length) {
      stream.queue.shift();
      stream.queueOffset = 0;
    }
    if (stream.wasHigh && stream.queuedBytes <= http2StreamQueueLowBytes) {
      stream.wasHigh = false;
      this.#ports.onQueueLow(stream);
    }
    if (stream.queuedBytes === 0 && this.waiting.delete(stream)) {
      stream.watchedSinceMs = 0;
      this.#ports.onQueueEmpty(stream);
    }
    return true;
  }

  #allowed(stream: S, bytes: number): number {
    if (this.#writer.output.isFull) return 0;
    return Math.max(0, Math.min(bytes, stream.sendWindow, this.window, this.#writer.frameBytesMax));
  }

  #write(stream: S, buffer: Buffer, start: number, end: number): void {
    const size = end - start;
    stream.sendWindow -= size;
    this.window -= size;
    stream.sentBytes += size;
    this.sentBytes += size;
    this.#writer.data(stream.id, buffer, start, end, false);
    this.#ports.onDataSent(size);
  }
}
