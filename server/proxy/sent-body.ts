import { http2KeptBodyBytesMax } from '../../config/base/http2-limits.js';

/**
 * What was sent of a request body, as long as it is small and nobody answered: a worker that refuses the request unseen
 * (RFC 9113 8.7, as any does whose connection is at its end) gets it again on another connection.
 */
export class SentBody {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Nothing of it was forgotten. */
  isWhole = true;
  hasEnded = false;
  trailers: readonly string[] | null = null;

  add(buffer: Buffer, start: number, end: number): void {
    if (!this.isWhole) return;
    this.#bytes += end - start;
    if (this.#bytes > http2KeptBodyBytesMax) this.forget();
    else this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
  }

  end(trailers: readonly string[] | null): void {
    this.hasEnded = true;
    this.trailers = trailers;
  }

  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  forget(): void {
    this.isWhole = false;
    this.#pieces = [];
  }
}
