// HOT: measured by test/bench/link.bench.ts
import { linkFrameBytesMax } from '../../config/base/limits.js';
import { EndFlag, type FrameType, frameHeaderBytes } from './frames.js';

/** Where the bytes go: a `net.Socket`, or anything that keeps its promises about these members. */
export interface FrameTarget {
  /** Bytes accepted by `write` that are not in the kernel yet. */
  readonly writableLength: number;
  write(chunk: Buffer): boolean;
  cork(): void;
  uncork(): void;
}

const scratchBytes = 65_536;
/**
 * Smaller buffers are copied into the scratch buffer: cheaper than a further part of a writev, and the
 * owner may change them at once. Larger ones are kept by reference until they left.
 */
export const referenceBytes = 16_384;
const flagsOffset = 5;

/**
 * Collects the frames of one turn and gives them to the socket in one write. Strings and small buffers
 * are written into a scratch buffer; large buffers are kept by reference until they left, so the caller
 * must not change them. Nothing leaves before `flush()`.
 */
export class FrameWriter {
  readonly #target: FrameTarget;
  #scratch: Buffer = Buffer.allocUnsafeSlow(scratchBytes);
  #segmentStart = 0;
  #at = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** Counts flushes, so that `addFlags` knows whether its frame is still here. */
  #turn = 0;
  /** The frame under construction or the last one. */
  #frameBuffer: Buffer = this.#scratch;
  #frameAt = 0;
  #framePayload = 0;

  constructor(target: FrameTarget) {
    this.#target = target;
  }

  /** Bytes that wait here for `flush`. */
  get collectedBytes(): number {
    return this.#partBytes + this.#at - this.#segmentStart;
  }

  /** Backlog of this link: bytes waiting for `flush` plus those that the kernel did not take yet. */
  get pendingBytes(): number {
    return this.collectedBytes + this.#target.writableLength;
  }

  /** A frame without payload. */
  empty(type: FrameType, flags: number, streamId: number): void {
    this.begin(type, flags, 0, streamId);
  }

  /** A frame with one number (Credit, Ping). */
  number(type: FrameType, flags: number, streamId: number, value: number): void {
    this.begin(type, flags, 0, streamId);
    this.addNumber(value);
    this.finish();
  }

  /** A frame with a short text (at most `linkFrameBytesMax` characters, all below U+0100). */
  latin1(type: FrameType, flags: number, aux: number, streamId: number, text: string): void {
    if (text.length > linkFrameBytesMax) throw new RangeError(`frame of ${text.length} bytes`);
    this.begin(type, flags, aux, streamId);
    this.addLatin1(text);
    this.finish();
  }

  /**
   * Bytes of any length, cut into as many frames as they need: `flags` and `aux` stand on the first,
   * `EndFlag` only on the last.
   */
  bytes(type: FrameType, flags: number, aux: number, streamId: number, buffer: Buffer): void {
    let first = flags;
    let firstAux = aux;
    let at = 0;
    do {
      const end = Math.min(buffer.length, at + linkFrameBytesMax);
      this.begin(type, end < buffer.length ? first & ~EndFlag : first, firstAux, streamId);
      this.addBytes(at === 0 && end === buffer.length ? buffer : buffer.subarray(at, end));
      this.finish();
      first = flags & EndFlag;
      firstAux = 0;
      at = end;
    } while (at < buffer.length);
  }

  /** As `bytes`, but the bytes are copied now: for read buffers that are used again (at most one frame). */
  copy(type: FrameType, flags: number, streamId: number, source: Buffer, start: number, end: number): void {
    if (end - start > linkFrameBytesMax) throw new RangeError(`frame of ${end - start} bytes`);
    this.begin(type, flags, 0, streamId);
    this.#reserve(end - start);
    this.#at += source.copy(this.#scratch, this.#at, start, end);
    this.#framePayload = end - start;
    this.finish();
  }

  /** Starts a frame that is put together from parts; its payload must stay within `linkFrameBytesMax`. */
  begin(type: FrameType, flags: number, aux: number, streamId: number): void {
    this.#reserve(frameHeaderBytes);
    const scratch = this.#scratch;
    const at = this.#at;
    scratch.writeUInt32BE(0, at);
    scratch[at + 4] = type;
    scratch[at + flagsOffset] = flags;
    scratch.writeUInt16BE(aux, at + 6);
    scratch.writeUInt32BE(streamId, at + 8);
    this.#frameBuffer = scratch;
    this.#frameAt = at;
    this.#framePayload = 0;
    this.#at = at + frameHeaderBytes;
  }

  addNumber(value: number): void {
    this.#reserve(4);
    this.#scratch.writeUInt32BE(value, this.#at);
    this.#at += 4;
    this.#framePayload += 4;
  }

  addLatin1(text: string): void {
    this.#reserve(text.length);
    this.#scratch.write(text, this.#at, 'latin1');
    this.#at += text.length;
    this.#framePayload += text.length;
  }

  /** Writes at most three bytes per UTF-16 unit: the caller reckons with that bound. */
  addUtf8(text: string): void {
    this.#reserve(text.length * 3);
    const written = this.#scratch.write(text, this.#at, 'utf8');
    this.#at += written;
    this.#framePayload += written;
  }

  addBytes(buffer: Buffer): void {
    this.#framePayload += buffer.length;
    if (buffer.length < referenceBytes) {
      this.#reserve(buffer.length);
      this.#at += buffer.copy(this.#scratch, this.#at);
      return;
    }
    this.#closeSegment();
    this.#parts.push(buffer);
    this.#partBytes += buffer.length;
  }

  /** Ends the frame started by `begin`. @returns its payload bytes. */
  finish(): number {
    this.#frameBuffer.writeUInt32BE(this.#framePayload, this.#frameAt);
    return this.#framePayload;
  }

  /** Names the last frame for `addFlags`. */
  mark(into: FrameMark): void {
    into.turn = this.#turn;
    into.buffer = this.#frameBuffer;
    into.at = this.#frameAt;
  }

  /** Adds flags to a frame that has not left. @returns false when it has: a frame of its own must carry them. */
  addFlags(mark: FrameMark, flags: number): boolean {
    if (mark.turn !== this.#turn || mark.buffer === null) return false;
    mark.buffer[mark.at + flagsOffset] = (mark.buffer[mark.at + flagsOffset] ?? 0) | flags;
    return true;
  }

  /** One write (or one writev) of everything collected. */
  flush(): void {
    if (this.collectedBytes === 0) return;
    const parts = this.take();
    const target = this.#target;
    const first = parts[0];
    if (parts.length === 1 && first !== undefined) target.write(first);
    else {
      target.cork();
      for (const part of parts) target.write(part);
      target.uncork();
    }
    // Everything is in the kernel: nobody looks at the scratch buffer any more.
    if (target.writableLength === 0) this.#rewind();
  }

  /** Takes the collected bytes out instead of writing them (the process ends and writes by itself). */
  take(): Buffer[] {
    this.#closeSegment();
    const parts = this.#parts;
    this.#parts = [];
    this.#partBytes = 0;
    this.#turn += 1;
    return parts;
  }

  #rewind(): void {
    this.#segmentStart = 0;
    this.#at = 0;
  }

  #closeSegment(): void {
    if (this.#at === this.#segmentStart) return;
    this.#parts.push(this.#scratch.subarray(this.#segmentStart, this.#at));
    this.#partBytes += this.#at - this.#segmentStart;
    this.#segmentStart = this.#at;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#scratch.length) return;
    this.#closeSegment();
    this.#scratch = Buffer.allocUnsafeSlow(Math.max(scratchBytes, bytes));
    this.#rewind();
  }
}

/** A frame that may still be changed; filled by `FrameWriter.mark`. */
export class FrameMark {
  turn = -1;
  buffer: Buffer | null = null;
  at = 0;
}
