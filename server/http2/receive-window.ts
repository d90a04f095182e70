// HOT: measured by test/bench/http2.bench.ts
import { initialFrameBytesMax, initialWindowBytes } from './codes.js';
import type { FrameWriter } from './frame-writer.js';
import type { StreamCore } from './stream.js';

/**
 * What the peer may send (RFC 9113 6.9): counted for the connection and for each stream, and given back when the owner
 * took the bytes, in portions of half a window, so that credit costs few frames. What streams hold because nobody takes
 * it is missing in the window of the connection: that bounds what a peer can make us keep. The others share the rest.
 */
export class ReceiveWindow {
  readonly streamBytes: number;
  readonly #writer: FrameWriter;
  readonly #connectionBytes: number;
  #window: number;
  #uncredited = 0;

  constructor(writer: FrameWriter, streamBytes: number, connectionBytes: number) {
    this.#writer = writer;
    this.streamBytes = streamBytes;
    this.#connectionBytes = connectionBytes;
    this.#window = connectionBytes;
  }

  /** Opens the connection's window beyond its initial size; SETTINGS cannot. */
  start(): void {
    const more = this.#connectionBytes - initialWindowBytes;
    if (more > 0) this.#writer.windowUpdate(0, more);
  }

  /** The streams that hold bytes leave room for a frame of another one: the peer has credit, or gets it. */
  get hasRoom(): boolean {
    return this.#window + this.#uncredited >= initialFrameBytesMax;
  }

  /** A DATA frame of this length came. False: it does not fit. */
  take(length: number): boolean {
    this.#window -= length;
    if (this.#window < 0) return false;
    if (this.#window <= this.#uncredited) this.#credit();
    return true;
  }

  /** Bytes that no stream keeps any more. */
  giveBack(bytes: number): void {
    this.#uncredited += bytes;
    if (this.#window <= this.#uncredited) this.#credit();
  }

  /** Half of what the streams leave, at least: nobody waits for credit that is only saved up. */
  #credit(): void {
    if (this.#uncredited === 0) return;
    this.#writer.windowUpdate(0, this.#uncredited);
    this.#window += this.#uncredited;
    this.#uncredited = 0;
  }

  consumed(stream: StreamCore<unknown>, bytes: number): void {
    const taken = Math.min(bytes, stream.unconsumed);
    if (taken === 0) return;
    stream.unconsumed -= taken;
    this.giveBack(taken);
    if (stream.isPeerDone) return;
    stream.uncredited += taken;
    if (stream.uncredited < this.streamBytes >>> 1) return;
    this.#writer.windowUpdate(stream.id, stream.uncredited);
    stream.receiveWindow += stream.uncredited;
    stream.uncredited = 0;
  }

  /** Nobody will consume what came for this stream. */
  letGo(stream: StreamCore<unknown>): void {
    if (stream.unconsumed === 0) return;
    const bytes = stream.unconsumed;
    stream.unconsumed = 0;
    this.giveBack(bytes);
  }
}
