// HOT: measured by test/bench/http2.bench.ts
import { connectionPreface, Flag, FrameType, frameHeaderBytes } from './codes.js';
import { failures } from './errors.js';
import { frameFailure } from './frame-rules.js';
import type { ConnectionFailure } from './types.js';

/** Takes what the reader cuts out. It sets `failure` to stop the reader; `openBlock` is that of `frameFailure`. */
export interface FrameSink {
  readonly failure: ConnectionFailure | null;
  readonly openBlock: number;
  fail(failure: ConnectionFailure): void;
  /** A whole frame other than DATA; its payload is `buffer[start, end)`, valid during the call. */
  frame(type: number, flags: number, id: number, buffer: Buffer, start: number, end: number): void;
  /** A DATA frame begins: `length` counts against the windows, `dataBytes` of it are data. */
  beginData(id: number, flags: number, length: number, dataBytes: number): void;
  dataBytes(buffer: Buffer, start: number, end: number): void;
  endData(): void;
}

const preface = Buffer.from(connectionPreface, 'latin1');

const smallFrameBytes = 64;

/** Where the reader stands. */
const Part = { preface: 0, header: 1, payload: 2, padLength: 3, data: 4, padding: 5 } as const;

/**
 * Cuts the bytes of a connection into frames (RFC 9113 4). Whole frames are handed on where they stand; only the
 * start of one that is not complete is copied. The payload of DATA is never kept.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  #part: number;
  /** Bytes left of the preface, the payload of DATA, or its padding. */
  #left = 0;
  #padding = 0;
  #length = 0;
  #type = 0;
  #flags = 0;
  #id = 0;
  /** The start of an incomplete frame (other than DATA), header included. */
  #held: Buffer | null = null;
  #heldBytes = 0;

  constructor(sink: FrameSink, expectsPreface: boolean) {
    this.#sink = sink;
    this.#part = expectsPreface ? Part.preface : Part.header;
    this.#left = expectsPreface ? preface.length : 0;
  }

  /** In the middle of a preface or of a frame other than DATA. */
  get isWaiting(): boolean {
    return this.#part === Part.preface || this.#heldBytes > 0;
  }

  read(buffer: Buffer, start: number, end: number): void {
    const sink = this.#sink;
    let at = start;
    while (at < end && sink.failure === null) {
      switch (this.#part) {
        case Part.header:
          at = this.#heldBytes === 0 ? this.#readFrame(buffer, at, end) : this.#hold(buffer, at, end);
          break;
        case Part.payload:
          at = this.#hold(buffer, at, end);
          break;
        case Part.padLength:
          this.#startPadded(buffer[at] as number);
          at += 1;
          break;
        case Part.data:
          at = this.#readData(buffer, at, end);
          break;
        case Part.padding:
          at = this.#skipPadding(at, end);
          break;
        default:
          at = this.#readPreface(buffer, at, end);
      }
    }
  }

  #readPreface(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#left > 0) {
      if (buffer[at] !== preface[preface.length - this.#left]) {
        this.#sink.fail(failures.preface);
        return end;
      }
      at += 1;
      this.#left -= 1;
    }
    if (this.#left === 0) this.#part = Part.header;
    return at;
  }

  /** A frame from its first byte on; held if it is not complete. */
  #readFrame(buffer: Buffer, at: number, end: number): number {
    if (end - at < frameHeaderBytes) return this.#hold(buffer, at, end);
    if (!this.#readHeader(buffer, at)) return end;
    const payload = at + frameHeaderBytes;
    if (this.#type === FrameType.data) {
      this.#startData();
      return payload;
    }
    const stop = payload + this.#length;
    if (stop > end) {
      this.#part = Part.payload;
      return this.#hold(buffer, at, end);
    }
    this.#sink.frame(this.#type, this.#flags, this.#id, buffer, payload, stop);
    return stop;
  }

  #readHeader(buffer: Buffer, at: number): boolean {
    this.#length = ((buffer[at] as number) << 16) | ((buffer[at + 1] as number) << 8) | (buffer[at + 2] as number);
    this.#type = buffer[at + 3] as number;
    this.#flags = buffer[at + 4] as number;
    this.#id =
      (((buffer[at + 5] as number) & 0x7f) << 24) |
      ((buffer[at + 6] as number) << 16) |
      ((buffer[at + 7] as number) << 8) |
      (buffer[at + 8] as number);
    const failure = frameFailure(this.#type, this.#id, this.#length, this.#sink.openBlock);
    if (failure !== null) this.#sink.fail(failure);
    return failure === null;
  }

  /** Copies what is there of the header or of the payload, and goes on when it is whole. */
  #hold(buffer: Buffer, at: number, end: number): number {
    const whole = this.#part === Part.payload ? frameHeaderBytes + this.#length : frameHeaderBytes;
    const held = this.#roomFor(whole);
    const stop = Math.min(end, at + whole - this.#heldBytes);
    buffer.copy(held, this.#heldBytes, at, stop);
    this.#heldBytes += stop - at;
    if (this.#heldBytes < whole) return stop;
    if (this.#part === Part.header) {
      if (!this.#readHeader(held, 0)) return end;
      if (this.#type === FrameType.data) {
        this.#letGo();
        this.#startData();
        return stop;
      }
      this.#part = Part.payload;
      if (this.#length > 0) return stop;
    }
    this.#letGo();
    this.#part = Part.header;
    this.#sink.frame(this.#type, this.#flags, this.#id, held, frameHeaderBytes, frameHeaderBytes + this.#length);
    return stop;
  }

  #roomFor(bytes: number): Buffer {
    const held = this.#held;
    if (held !== null && held.length >= bytes) return held;
    const larger = Buffer.allocUnsafe(Math.max(bytes, smallFrameBytes));
    held?.copy(larger, 0, 0, this.#heldBytes);
    this.#held = larger;
    return larger;
  }

  /** The buffer is kept only while a frame is incomplete: idle connections hold none. */
  #letGo(): void {
    this.#held = null;
    this.#heldBytes = 0;
  }

  #startData(): void {
    if ((this.#flags & Flag.padded) === 0) {
      this.#beginData(this.#length, 0);
      return;
    }
    if (this.#length === 0) this.#sink.fail(failures.frameSize);
    this.#part = Part.padLength;
  }

  #startPadded(padding: number): void {
    // The pad length counts itself, so that padding of the whole frame is one too many (6.1).
    if (padding >= this.#length) this.#sink.fail(failures.padding);
    else this.#beginData(this.#length - 1 - padding, padding);
  }

  #beginData(dataBytes: number, padding: number): void {
    this.#left = dataBytes;
    this.#padding = padding;
    this.#part = dataBytes > 0 ? Part.data : Part.padding;
    this.#sink.beginData(this.#id, this.#flags, this.#length, dataBytes);
    if (dataBytes === 0 && padding === 0) this.#endData();
  }

  #readData(buffer: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.#left);
    this.#left -= stop - at;
    this.#sink.dataBytes(buffer, at, stop);
    if (this.#left === 0) {
      this.#part = Part.padding;
      if (this.#padding === 0) this.#endData();
    }
    return stop;
  }

  #skipPadding(at: number, end: number): number {
    const stop = Math.min(end, at + this.#padding);
    this.#padding -= stop - at;
    if (this.#padding === 0) this.#endData();
    return stop;
  }

  #endData(): void {
    this.#part = Part.header;
    if (this.#sink.failure === null) this.#sink.endData();
  }
}
