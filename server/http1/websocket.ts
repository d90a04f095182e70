/**
 * Frame boundaries of a WebSocket byte stream (RFC 6455 5.2), followed without looking at payloads, so that
 * a close frame can be put in between two frames of the server when its worker has to go.
 */

/** Close frame of a server, status 1012 (Service Restart), no reason. */
export const serviceRestartClose: Uint8Array = Uint8Array.of(0x88, 0x02, 0x03, 0xf4);

const State = { First: 0, Length: 1, ExtendedLength: 2, Mask: 3, Payload: 4 } as const;

const closeOpcode = 8;

export class FrameBoundaryScanner {
  /** The server has sent a close frame of its own: nothing may follow it. */
  closeSeen = false;
  private state: number = State.First;
  /** Bytes still to come of the present part (extended length, mask, payload). */
  private remaining = 0;
  private length = 0;
  private masked = false;

  /** Between two frames (also before the first one). */
  get atBoundary(): boolean {
    return this.state === State.First;
  }

  /** Follows all of `buffer[start, end)`. */
  advance(buffer: Uint8Array, start: number, end: number): void {
    let i = start;
    while (i < end) i = this.step(buffer, i, end);
  }

  /** Follows up to the first end of a frame; returns the offset behind it, or -1 when none lies in the bytes. */
  advanceToBoundary(buffer: Uint8Array, start: number, end: number): number {
    let i = start;
    while (i < end) {
      i = this.step(buffer, i, end);
      if (this.state === State.First) return i;
    }
    return -1;
  }

  private step(buffer: Uint8Array, i: number, end: number): number {
    const byte = buffer[i] ?? 0;
    switch (this.state) {
      case State.First:
        if ((byte & 0x0f) === closeOpcode) this.closeSeen = true;
        this.state = State.Length;
        return i + 1;
      case State.Length:
        this.masked = (byte & 0x80) !== 0;
        this.startLength(byte & 0x7f);
        return i + 1;
      case State.ExtendedLength:
        this.length = this.length * 256 + byte;
        if (--this.remaining === 0) this.startMask();
        return i + 1;
      case State.Mask:
        if (--this.remaining === 0) this.startPayload();
        return i + 1;
      default: {
        const size = Math.min(this.remaining, end - i);
        this.remaining -= size;
        if (this.remaining === 0) this.state = State.First;
        return i + size;
      }
    }
  }

  private startLength(code: number): void {
    this.length = code < 126 ? code : 0;
    if (code < 126) {
      this.startMask();
      return;
    }
    this.state = State.ExtendedLength;
    this.remaining = code === 126 ? 2 : 8;
  }

  private startMask(): void {
    if (!this.masked) {
      this.startPayload();
      return;
    }
    this.state = State.Mask;
    this.remaining = 4;
  }

  /** Lengths above 2^53 are not exact, and never end: no boundary comes then, which is the safe side. */
  private startPayload(): void {
    this.remaining = this.length;
    this.state = this.length > 0 ? State.Payload : State.First;
  }
}
