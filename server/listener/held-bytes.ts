const empty = Buffer.alloc(0);
const growthBytes = 4_096;

/** Bytes of a connection that cannot be used yet: part of a head, or requests behind a busy one. */
export class HeldBytes {
  buffer: Buffer = empty;
  start = 0;
  end = 0;

  get isEmpty(): boolean {
    return this.start === this.end;
  }

  get size(): number {
    return this.end - this.start;
  }

  append(from: Buffer, start: number, end: number): void {
    const size = this.size;
    const needed = size + end - start;
    if (this.end + end - start > this.buffer.length) {
      const isRoomy = needed <= this.buffer.length;
      const target = isRoomy ? this.buffer : Buffer.allocUnsafeSlow(Math.max(needed, 2 * size, growthBytes));
      this.buffer.copy(target, 0, this.start, this.end);
      this.buffer = target;
      this.start = 0;
      this.end = size;
    }
    from.copy(this.buffer, this.end, start, end);
    this.end += end - start;
  }

  /** Everything before `at` was used. */
  consumed(at: number): void {
    if (this.buffer === empty) return;
    if (at >= this.end) this.clear();
    else this.start = at;
  }

  clear(): void {
    this.buffer = empty;
    this.start = 0;
    this.end = 0;
  }
}
