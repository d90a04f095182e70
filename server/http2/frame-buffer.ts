import type { FrameOutput } from './types.js';

/** A plain `FrameOutput` that grows: for tests and short-lived connections. */
export class FrameBuffer implements FrameOutput {
  buffer: Buffer;
  at = 0;
  isFull = false;

  constructor(bytes = 4_096) {
    this.buffer = Buffer.allocUnsafe(bytes);
  }

  reserve(bytes: number): void {
    if (this.buffer.length - this.at >= bytes) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }

  /** A copy of what was written; empties. */
  take(): Buffer {
    const taken = Buffer.from(this.buffer.subarray(0, this.at));
    this.at = 0;
    return taken;
  }
}
