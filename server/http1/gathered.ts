// HOT: measured by test/bench/main.ts
import { moveLeft } from '../../config/base/move-bytes.js';

/** Larger pieces are handed on where they are. */
const gatheredBytesMax = 1_024;

/**
 * Small pieces of one read, put side by side: a body that comes in crumbs must not cost its receiver a call, and a write,
 * for each of them. A piece moves left, over framing that is decoded already; all pieces are of the same buffer.
 */
export class Gathered {
  start = 0;
  end = 0;

  /** @returns false when what is here has to be handed on first, and `clear` called. */
  add(buffer: Buffer, start: number, end: number): boolean {
    if (start === end) return true;
    if (this.end === this.start) {
      this.start = start;
      this.end = end;
      return true;
    }
    if (end - start > gatheredBytesMax) return false;
    moveLeft(buffer, this.end, start, end);
    this.end += end - start;
    return true;
  }

  clear(): void {
    this.start = 0;
    this.end = 0;
  }
}
