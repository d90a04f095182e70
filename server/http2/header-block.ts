import { http2BlockFramesMax } from '../../config/base/limits.js';

/** A header block that comes in several frames (RFC 9113 6.10), collected within bounds: CONTINUATION floods end here. */
export class HeaderBlock {
  /** Stream of the block; 0 = none is open. */
  id = 0;
  isEnd = false;
  length = 0;
  readonly #bytesMax: number;
  #frames = 0;
  #bytes: Buffer | null = null;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Everything that came; valid until `close`. */
  get bytes(): Buffer {
    return this.#bytes ?? noBytes;
  }

  open(id: number, isEnd: boolean): void {
    this.id = id;
    this.isEnd = isEnd;
    this.length = 0;
    this.#frames = 0;
  }

  /** False: too many frames or bytes. */
  add(buffer: Buffer, start: number, end: number): boolean {
    const length = this.length + end - start;
    if (++this.#frames > http2BlockFramesMax || length > this.#bytesMax) return false;
    const bytes = (this.#bytes ??= Buffer.allocUnsafe(this.#bytesMax));
    buffer.copy(bytes, this.length, start, end);
    this.length = length;
    return true;
  }

  close(): void {
    this.id = 0;
    this.#bytes = null;
  }
}

const noBytes = Buffer.alloc(0);
