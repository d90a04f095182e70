// HOT: measured by test/bench/main.ts
import type { Exchange } from '../proxy/exchange.js';
import { ChunkedDecoder } from '../http1/chunked.js';
import { Gathered } from '../http1/gathered.js';
import { badRequest, contentLengthTooLarge } from '../http1/rejections.js';
import type { Rejection, RequestHead } from '../http1/types.js';
import { lingerBytesMax } from '../../config/base/limits.js';

/** Takes the body of one request out of the connection's bytes and gives it to the exchange. Used again. */
export class RequestBody {
  isDone = true;
  /** The upstream wants a pause. */
  isHeld = false;
  received = 0;
  /** Why the rest of the body cannot be read; the request must not be completed. */
  rejection: Rejection | null = null;
  #left = 0;
  #isChunked = false;
  #bytesMax = 0;
  #decoder: ChunkedDecoder | null = null;
  readonly #gathered = new Gathered();

  begin(request: RequestHead, bytesMax: number): void {
    this.isDone = request.framing === 'none';
    this.isHeld = false;
    this.received = 0;
    this.rejection = null;
    this.#left = request.contentLength;
    this.#isChunked = request.framing === 'chunked';
    this.#bytesMax = bytesMax;
    if (!this.#isChunked) return;
    this.#decoder ??= new ChunkedDecoder();
    this.#decoder.reset();
  }

  /** What is still to come is known and little. */
  get isShort(): boolean {
    return this.#isChunked || this.#left <= lingerBytesMax;
  }

  /** Bytes of it may be given to the exchange now: it has a worker, that one can be reached and wants no pause. */
  isTaken({ state, upstream }: Exchange): boolean {
    if (this.isDone || this.isHeld) return false;
    return state === 'answered' || (state === 'active' && upstream?.takesBody === true);
  }

  /** @returns the offset of the first byte that is not the body's. */
  feed(buffer: Buffer, start: number, end: number, exchange: Exchange): number {
    return this.#isChunked
      ? this.#feedChunked(buffer, start, end, exchange)
      : this.#feedLength(buffer, start, end, exchange);
  }

  #feedLength(buffer: Buffer, start: number, end: number, exchange: Exchange): number {
    const stop = Math.min(end, start + this.#left);
    this.#left -= stop - start;
    this.received += stop - start;
    if (stop > start) this.isHeld = !exchange.body(buffer, start, stop);
    if (this.#left === 0) {
      this.isDone = true;
      exchange.endBody(null);
    }
    return stop;
  }

  /** Small chunks of one read leave as one piece: a body of tiny chunks must not cost a write for each of them. */
  #feedChunked(buffer: Buffer, start: number, end: number, exchange: Exchange): number {
    const decoder = this.#decoder;
    const gathered = this.#gathered;
    const receivedBefore = this.received;
    let at = start;
    gathered.clear();
    while (decoder !== null && at < end) {
      at = decoder.decode(buffer, at, end);
      const { dataStart, dataEnd } = decoder;
      this.received += dataEnd - dataStart;
      if (decoder.rejection !== null || this.received > this.#bytesMax) {
        this.rejection = decoder.rejection ?? contentLengthTooLarge;
        return end;
      }
      if (!gathered.add(buffer, dataStart, dataEnd)) {
        this.#handOn(buffer, exchange);
        gathered.add(buffer, dataStart, dataEnd);
      }
      if (decoder.done) break;
    }
    if (decoder === null) this.rejection = badRequest.chunkData;
    exchange.request.envelopeBytes += at - start - (this.received - receivedBefore);
    this.#handOn(buffer, exchange);
    if (decoder?.done !== true) return at;
    this.isDone = true;
    exchange.endBody(decoder.trailers);
    return at;
  }

  #handOn(buffer: Buffer, exchange: Exchange): void {
    const { start, end } = this.#gathered;
    if (start === end) return;
    this.#gathered.clear();
    if (!exchange.body(buffer, start, end)) this.isHeld = true;
  }
}
