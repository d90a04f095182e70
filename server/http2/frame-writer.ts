// HOT: measured by test/bench/http2.bench.ts
import { Flag, FrameType, frameHeaderBytes, initialFrameBytesMax } from './codes.js';
import type { FrameOutput } from './types.js';

/** Writes frames (RFC 9113 6) into the owner's output. */
export class FrameWriter {
  readonly output: FrameOutput;
  /** SETTINGS_MAX_FRAME_SIZE of the peer; we write no larger frames than anybody must take. */
  readonly frameBytesMax = initialFrameBytesMax;
  /** The frame written last, as long as nothing stands behind it: END_STREAM can still be set in it. */
  #lastId = 0;
  #lastFlagsAt = 0;
  #lastEnd = -1;

  constructor(output: FrameOutput) {
    this.output = output;
  }

  /** The frame of this stream that was written last ends the stream now. False: it has left, or another followed. */
  endWithLast(id: number): boolean {
    const { output } = this;
    if (this.#lastId !== id || this.#lastEnd !== output.at) return false;
    const { buffer } = output;
    buffer[this.#lastFlagsAt] = (buffer[this.#lastFlagsAt] as number) | Flag.endStream;
    this.#lastEnd = -1;
    return true;
  }

  data(id: number, source: Buffer, start: number, end: number, isEnd: boolean): void {
    const { output } = this;
    const length = end - start;
    output.reserve(frameHeaderBytes + length);
    const { buffer, at } = output;
    writeHeader(buffer, at, length, FrameType.data, isEnd ? Flag.endStream : 0, id);
    source.copy(buffer, at + frameHeaderBytes, start, end);
    output.at = at + frameHeaderBytes + length;
    this.#markLast(id, at + 4, isEnd);
  }

  /** Room for a header block of at most `bytesMax`; it is written from `blockStart` on, then `headers` is called. */
  reserveBlock(bytesMax: number): void {
    const continuations = Math.ceil(bytesMax / this.frameBytesMax);
    this.output.reserve(bytesMax + (continuations + 1) * frameHeaderBytes);
  }

  get blockStart(): number {
    return this.output.at + frameHeaderBytes;
  }

  /** Completes HEADERS around the block that ends at `blockEnd`, with CONTINUATION frames if it is large. */
  headers(id: number, blockEnd: number, isEnd: boolean): void {
    const { output, frameBytesMax } = this;
    const { buffer, at } = output;
    const length = blockEnd - at - frameHeaderBytes;
    const endStream = isEnd ? Flag.endStream : 0;
    if (length <= frameBytesMax) {
      writeHeader(buffer, at, length, FrameType.headers, endStream | Flag.endHeaders, id);
      output.at = blockEnd;
    } else {
      output.at = this.#split(at, length, endStream, id);
    }
    this.#markLast(id, at + 4, isEnd);
  }

  /** Moves the parts of a large block apart, the last one first. @returns the end of the last frame. */
  #split(at: number, length: number, endStream: number, id: number): number {
    const { buffer } = this.output;
    const frames = Math.ceil(length / this.frameBytesMax);
    const from = at + frameHeaderBytes;
    for (let k = frames - 1; k >= 0; k--) {
      const start = k * this.frameBytesMax;
      const size = Math.min(this.frameBytesMax, length - start);
      const frameAt = at + start + k * frameHeaderBytes;
      buffer.copyWithin(frameAt + frameHeaderBytes, from + start, from + start + size);
      const flags = k === frames - 1 ? Flag.endHeaders : 0;
      if (k === 0) writeHeader(buffer, frameAt, size, FrameType.headers, endStream, id);
      else writeHeader(buffer, frameAt, size, FrameType.continuation, flags, id);
    }
    return from + length + (frames - 1) * frameHeaderBytes;
  }

  resetStream(id: number, code: number): void {
    this.#fixed(4, FrameType.rstStream, 0, id);
    this.#word(code);
  }

  windowUpdate(id: number, increment: number): void {
    this.#fixed(4, FrameType.windowUpdate, 0, id);
    this.#word(increment);
  }

  /** `values` are identifier, value, ... */
  settings(values: readonly number[]): void {
    this.#fixed((values.length / 2) * 6, FrameType.settings, 0, 0);
    const { output } = this;
    for (let i = 0; i < values.length; i += 2) {
      output.at = output.buffer.writeUInt16BE(values[i] as number, output.at);
      this.#word(values[i + 1] as number);
    }
  }

  settingsAck(): void {
    this.#fixed(0, FrameType.settings, Flag.ack, 0);
  }

  /** Eight bytes of `source` from `at` on. */
  ping(source: Uint8Array, at: number, isAck: boolean): void {
    this.#fixed(8, FrameType.ping, isAck ? Flag.ack : 0, 0);
    const { output } = this;
    for (let i = 0; i < 8; i++) output.buffer[output.at++] = source[at + i] as number;
  }

  /** The reason goes along as debug data: a fixed word, nothing of the peer's. */
  goAway(lastId: number, code: number, reason: string): void {
    this.#fixed(8 + reason.length, FrameType.goAway, 0, 0);
    this.#word(lastId);
    this.#word(code);
    const { output } = this;
    output.at += output.buffer.write(reason, output.at, 'latin1');
  }

  #fixed(length: number, type: number, flags: number, id: number): void {
    const { output } = this;
    output.reserve(frameHeaderBytes + length);
    writeHeader(output.buffer, output.at, length, type, flags, id);
    output.at += frameHeaderBytes;
    this.#lastEnd = -1;
  }

  #word(value: number): void {
    this.output.at = this.output.buffer.writeUInt32BE(value >>> 0, this.output.at);
  }

  #markLast(id: number, flagsAt: number, isEnd: boolean): void {
    this.#lastId = id;
    this.#lastFlagsAt = flagsAt;
    this.#lastEnd = isEnd ? -1 : this.output.at;
  }
}

function writeHeader(buffer: Uint8Array, at: number, length: number, type: number, flags: number, id: number): void {
  buffer[at] = length >>> 16;
  buffer[at + 1] = length >>> 8;
  buffer[at + 2] = length;
  buffer[at + 3] = type;
  buffer[at + 4] = flags;
  buffer[at + 5] = id >>> 24;
  buffer[at + 6] = id >>> 16;
  buffer[at + 7] = id >>> 8;
  buffer[at + 8] = id;
}
