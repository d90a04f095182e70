// HOT: measured by test/bench/link.bench.ts
import { linkFrameBytesMax } from '../../config/base/limits.js';
import { moveLeft } from '../../config/base/move-bytes.js';
import { EndFlag, type FrameType, frameHeaderBytes } from './frames.js';

/**
 * Receives complete frames. `buffer[start, end)` is the payload and belongs to the reader: it is valid
 * only during the call, unless `FrameReader.isOwned` says that nobody will write into it again.
 */
export interface FrameHandler {
  onFrame(
    type: FrameType,
    flags: number,
    aux: number,
    streamId: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void;
}

/** Small frames of the type that may come in pieces are put together while they follow each other. */
const joinBytesMax = 1_024;
/** So many of one read stay as they are: what an application writes in pieces goes out in these pieces. */
const joinAfterFrames = 32;
/** From this size on a frame that may come in pieces does: putting it together would cost a copy. */
const pieceBytesMin = 16_384;
const firstType = 1;
const lastType = 14;
const empty = Buffer.alloc(0);

/**
 * Cuts the bytes of one link into frames. Feed it every read in order; a frame that lies whole in the
 * read is handed on without a copy, one that spans reads is put together in a buffer of its own.
 * After an error (unknown type, oversized payload) the link is to be closed: nothing more is read.
 */
export class FrameReader {
  /** True during `onFrame` when the payload's buffer was made for this frame alone and may be kept. */
  isOwned = false;
  /** What was wrong with the link's bytes; null while all is well. */
  error: string | null = null;
  readonly #handler: FrameHandler;
  /** Large frames of this type need not be put together; null = all are. */
  readonly #pieceType: FrameType | null;
  /** The spanning frame: header bytes only while `#size` is 0, then the whole frame. */
  #held: Buffer = empty;
  #heldBytes = 0;
  /** Bytes of the spanning frame with its header; 0 = the header itself is not complete. */
  #size = 0;
  #stopped = false;
  #isPaused = false;
  /** What was not looked at when `pause` was called; ours as long as we go through it. */
  #rest: Buffer = empty;
  /** Payload bytes of a frame handed on in pieces that are still to come, and what stands on its last piece. */
  #pieceLeft = 0;
  #pieceFlags = 0;
  #pieceStreamId = 0;
  /** Of this read, that might be put together. */
  #smallFrames = 0;

  /**
   * @param pieceType Large frames of this type without flags but `EndFlag` are handed on in pieces, as they
   * arrive; the flag stands on the last piece. Many small ones of one stream that stand behind each other are
   * handed on as one: what was pushed is written over.
   */
  constructor(handler: FrameHandler, pieceType: FrameType | null = null) {
    this.#handler = handler;
    this.#pieceType = pieceType;
  }

  /** No further frame is handed on, not even one of the read in progress: the handler closed the link. */
  stop(): void {
    this.#stopped = true;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Called during `onFrame`: the rest of the read is kept for `resume`. Until then nothing may be pushed. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on where `pause` ended; the handler may pause again. @returns as `push`. */
  resume(): string | null {
    const rest = this.#rest;
    this.#isPaused = false;
    return rest.length === 0 ? this.error : this.#consume(rest, 0, rest.length);
  }

  /** @returns an error text when the bytes are no frames of this protocol, else null. */
  push(buffer: Buffer, start: number, end: number): string | null {
    this.#smallFrames = 0;
    return this.#consume(buffer, start, end);
  }

  #consume(buffer: Buffer, start: number, end: number): string | null {
    let at = start;
    if (this.#heldBytes > 0) at = this.#pushHeld(buffer, at, end);
    while (!this.#stopped && !this.#isPaused) {
      if (this.#pieceLeft > 0) {
        if (at === end) break;
        at = this.#emitPiece(buffer, at, end);
        continue;
      }
      if (end - at < frameHeaderBytes) break;
      const size = this.#sizeAt(buffer, at);
      if (size === 0) return this.error;
      if (end - at < size) {
        if (!this.#beginPieces(buffer, at, size)) break;
        at += frameHeaderBytes;
        continue;
      }
      const isSmall = size <= joinBytesMax && buffer[at + 4] === this.#pieceType && buffer[at + 5] === 0;
      if (isSmall && ++this.#smallFrames > joinAfterFrames) {
        at = this.#emitJoined(buffer, at, size, end);
        continue;
      }
      this.#emit(buffer, at, at + size);
      at += size;
    }
    this.#keepRest(buffer, at, end);
    return this.error;
  }

  /** A rest that pauses again is not copied again. */
  #keepRest(buffer: Buffer, at: number, end: number): void {
    const isOurs = buffer === this.#rest;
    this.#rest = empty;
    if (at >= end || this.#stopped) return;
    if (!this.#isPaused) this.#hold(buffer, at, end);
    else this.#rest = isOurs ? buffer.subarray(at, end) : Buffer.from(buffer.subarray(at, end));
  }

  /** The frame at `at`, and the small ones of its stream right behind it. @returns where the next one starts. */
  #emitJoined(buffer: Buffer, at: number, size: number, end: number): number {
    const streamId = buffer.readUInt32BE(at + 8);
    let next = at + size;
    let to = next;
    let flags = 0;
    while (flags === 0 && end - next >= frameHeaderBytes) {
      const bytes = buffer.readUInt32BE(next);
      const payload = next + frameHeaderBytes;
      if (bytes > joinBytesMax || end - payload < bytes || to - at + bytes > linkFrameBytesMax) break;
      if (buffer[next + 4] !== this.#pieceType || buffer.readUInt32BE(next + 8) !== streamId) break;
      if (((buffer[next + 5] ?? 0) & ~EndFlag) !== 0) break;
      flags = buffer[next + 5] ?? 0;
      moveLeft(buffer, to, payload, payload + bytes);
      to += bytes;
      next = payload + bytes;
    }
    this.#handler.onFrame(this.#pieceType as FrameType, flags, 0, streamId, buffer, at + frameHeaderBytes, to);
    return next;
  }

  /** Frame size with header, or 0 after noting the error. */
  #sizeAt(buffer: Buffer, at: number): number {
    const payloadBytes = buffer.readUInt32BE(at);
    const type = buffer[at + 4] ?? 0;
    if (payloadBytes > linkFrameBytesMax) return this.#fail(`frame of ${payloadBytes} bytes`);
    if (type < firstType || type > lastType) return this.#fail(`frame of unknown type ${type}`);
    return frameHeaderBytes + payloadBytes;
  }

  #fail(text: string): 0 {
    this.error = text;
    this.#stopped = true;
    return 0;
  }

  #emit(buffer: Buffer, at: number, end: number): void {
    this.#handler.onFrame(
      (buffer[at + 4] ?? 0) as FrameType,
      buffer[at + 5] ?? 0,
      buffer.readUInt16BE(at + 6),
      buffer.readUInt32BE(at + 8),
      buffer,
      at + frameHeaderBytes,
      end,
    );
  }

  /** @returns false when the frame has to be put together. */
  #beginPieces(buffer: Buffer, at: number, size: number): boolean {
    const flags = buffer[at + 5] ?? 0;
    if (size < pieceBytesMin || buffer[at + 4] !== this.#pieceType || (flags & ~EndFlag) !== 0) return false;
    this.#pieceLeft = size - frameHeaderBytes;
    this.#pieceFlags = flags;
    this.#pieceStreamId = buffer.readUInt32BE(at + 8);
    return true;
  }

  #emitPiece(buffer: Buffer, at: number, end: number): number {
    const type = this.#pieceType;
    const bytes = Math.min(end - at, this.#pieceLeft);
    this.#pieceLeft -= bytes;
    const flags = this.#pieceLeft === 0 ? this.#pieceFlags : 0;
    if (type !== null) this.#handler.onFrame(type, flags, 0, this.#pieceStreamId, buffer, at, at + bytes);
    return at + bytes;
  }

  #hold(buffer: Buffer, at: number, end: number): void {
    const known = end - at >= frameHeaderBytes;
    this.#size = known ? this.#sizeAt(buffer, at) : 0;
    this.#held = Buffer.allocUnsafeSlow(known ? this.#size : frameHeaderBytes);
    this.#heldBytes = buffer.copy(this.#held, 0, at, end);
  }

  /** Adds to the spanning frame, hands it on when complete. @returns where the next frame starts. */
  #pushHeld(buffer: Buffer, start: number, end: number): number {
    let at = start;
    if (this.#size === 0) {
      const taken = buffer.copy(
        this.#held,
        this.#heldBytes,
        at,
        Math.min(end, at + frameHeaderBytes - this.#heldBytes),
      );
      this.#heldBytes += taken;
      at += taken;
      if (this.#heldBytes < frameHeaderBytes) return at;
      this.#size = this.#sizeAt(this.#held, 0);
      if (this.#size === 0) return end;
      if (this.#beginPieces(this.#held, 0, this.#size)) {
        this.#heldBytes = 0;
        this.#size = 0;
        return at;
      }
      const whole = Buffer.allocUnsafeSlow(this.#size);
      this.#held.copy(whole, 0, 0, frameHeaderBytes);
      this.#held = whole;
    }
    const taken = buffer.copy(this.#held, this.#heldBytes, at, Math.min(end, at + this.#size - this.#heldBytes));
    this.#heldBytes += taken;
    at += taken;
    if (this.#heldBytes < this.#size) return at;
    const frame = this.#held;
    this.#held = empty;
    this.#heldBytes = 0;
    this.#size = 0;
    this.isOwned = true;
    this.#emit(frame, 0, frame.length);
    this.isOwned = false;
    return at;
  }
}
