// HOT: measured by test/bench/http1.bench.ts
import {
  chunkExtensionBytesPerMessageMax,
  chunkFramingSlackBytes,
  chunkSizeDigitsMax,
  chunkSizeLeadingZerosMax,
} from '../../config/base/limits.js';
import { byteAt, CR, DQUOTE, EQUALS, hexValue, LF, nameClass, SEMICOLON, valueClass, BACKSLASH } from './bytes.js';
import { badRequest } from './rejections.js';
import { TrailerSection } from './trailer-section.js';
import type { Rejection } from './types.js';

/** Framing bytes that one byte of data may cost, beyond `chunkFramingSlackBytes`. */
const framingBytesPerDataByte = 16;

/**
 * Where the next byte belongs (RFC 9112 7.1):
 *
 *   Size --;--> ExtName --=--> ExtValueStart --> ExtToken | ExtQuoted <--> ExtEscaped --> ExtAfterQuoted
 *    | CR                                          every one of them: `;` starts the next, CR ends the line
 *   SizeLf --> Data (size > 0) --> DataCr --> DataLf --> Size
 *          --> Trailers (size 0) --> Done
 */
const State = {
  Size: 0,
  ExtName: 1,
  ExtValueStart: 2,
  ExtToken: 3,
  ExtQuoted: 4,
  ExtEscaped: 5,
  ExtAfterQuoted: 6,
  SizeLf: 7,
  Data: 8,
  DataCr: 9,
  DataLf: 10,
  Trailers: 11,
  Done: 12,
} as const;

/**
 * Strict decoder of one chunked body; `reset` before each. Call `decode` until the input is used up,
 * `done` or `rejection`; each call ends after at most one slice of data, `buffer[dataStart, dataEnd)`.
 * A rejected body must never be completed towards anybody. No allocation per chunk.
 */
export class ChunkedDecoder {
  dataStart = 0;
  dataEnd = 0;
  done = false;
  /** name, value, ...; set with `done` when there were allowed trailers. Forbidden ones are dropped. */
  trailers: string[] | null = null;
  rejection: Rejection | null = null;
  private state: number = State.Size;
  private remaining = 0;
  private digits = 0;
  private zeros = 0;
  private nameBytes = 0;
  private extensionBytes = 0;
  private framingBytes = 0;
  private dataBytes = 0;
  private section: TrailerSection | null = null;

  reset(): void {
    this.dataStart = 0;
    this.dataEnd = 0;
    this.done = false;
    this.trailers = null;
    this.rejection = null;
    this.state = State.Size;
    this.remaining = 0;
    this.digits = 0;
    this.zeros = 0;
    this.extensionBytes = 0;
    this.framingBytes = 0;
    this.dataBytes = 0;
    this.section = null;
  }

  /** Consumes from `start`; returns the new offset. After `done` it is the first byte of the next message. */
  decode(buffer: Buffer, start: number, end: number): number {
    this.dataStart = start;
    this.dataEnd = start;
    let i = start;
    while (i < end && this.rejection === null && !this.done) {
      if (this.state === State.Data) return this.takeData(i, end);
      if (this.state === State.Trailers) i = this.takeTrailers(buffer, i, end);
      else this.takeFramingByte(byteAt(buffer, i++));
    }
    return i;
  }

  private takeData(i: number, end: number): number {
    const size = Math.min(this.remaining, end - i);
    this.dataStart = i;
    this.dataEnd = i + size;
    this.dataBytes += size;
    this.remaining -= size;
    if (this.remaining === 0) this.state = State.DataCr;
    return i + size;
  }

  private takeTrailers(buffer: Buffer, i: number, end: number): number {
    const section = (this.section ??= new TrailerSection());
    const next = section.take(buffer, i, end);
    this.rejection = section.rejection;
    if (section.done) {
      this.state = State.Done;
      this.trailers = section.trailers;
      this.done = true;
    }
    return next;
  }

  private takeFramingByte(byte: number): void {
    this.framingBytes++;
    switch (this.state) {
      case State.Size:
        this.takeSizeByte(byte);
        return;
      case State.SizeLf:
        if (byte === LF) this.endSizeLine();
        else this.rejection = badRequest.bareCr;
        return;
      case State.DataCr:
        if (byte === CR) this.state = State.DataLf;
        else this.rejection = badRequest.chunkData;
        return;
      case State.DataLf:
        if (byte === LF) this.startSize();
        else this.rejection = badRequest.chunkData;
        return;
      default:
        this.takeExtensionByte(byte);
    }
  }

  private startSize(): void {
    this.state = State.Size;
    this.digits = 0;
    this.zeros = 0;
    if (this.framingBytes > chunkFramingSlackBytes + this.dataBytes * framingBytesPerDataByte) {
      this.rejection = badRequest.chunkFraming;
    }
  }

  private takeSizeByte(byte: number): void {
    const digit = hexValue[byte] as number;
    if (digit !== 255) {
      if (digit === 0 && this.digits === 0) this.zeros++;
      else {
        this.remaining = this.remaining * 16 + digit;
        this.digits++;
      }
      if (this.digits > chunkSizeDigitsMax || this.zeros > chunkSizeLeadingZerosMax)
        this.rejection = badRequest.chunkSize;
      return;
    }
    if (this.digits === 0 && this.zeros === 0) this.rejection = badRequest.chunkSize;
    else if (byte === CR) this.state = State.SizeLf;
    else if (byte === SEMICOLON) this.startExtension();
    else this.rejection = byte === LF ? badRequest.bareLf : badRequest.chunkSize;
  }

  private endSizeLine(): void {
    this.state = this.remaining > 0 ? State.Data : State.Trailers;
  }

  private startExtension(): void {
    this.state = State.ExtName;
    this.nameBytes = 0;
    this.countExtensionByte();
  }

  private countExtensionByte(): void {
    if (++this.extensionBytes > chunkExtensionBytesPerMessageMax) this.rejection = badRequest.chunkExtensionTooLong;
  }

  private takeExtensionByte(byte: number): void {
    if (this.takeQuotedByte(byte)) return;
    const isNameByte = nameClass[byte] !== 0;
    const hasText = this.nameBytes > 0 || this.state === State.ExtAfterQuoted;
    if (isNameByte && this.state !== State.ExtAfterQuoted) {
      if (this.state === State.ExtValueStart) this.state = State.ExtToken;
      this.nameBytes++;
      this.countExtensionByte();
    } else if (byte === DQUOTE && this.state === State.ExtValueStart) {
      this.state = State.ExtQuoted;
      this.countExtensionByte();
    } else if (byte === EQUALS && this.state === State.ExtName && hasText) {
      this.state = State.ExtValueStart;
      this.nameBytes = 0;
      this.countExtensionByte();
    } else if (byte === SEMICOLON && hasText) this.startExtension();
    else if (byte === CR && hasText) this.state = State.SizeLf;
    else this.rejection = byte === LF ? badRequest.bareLf : badRequest.chunkExtension;
  }

  /** Inside a quoted value: any value byte, `"` ends it, `\` takes the next byte as it is. */
  private takeQuotedByte(byte: number): boolean {
    if (this.state !== State.ExtQuoted && this.state !== State.ExtEscaped) return false;
    if (valueClass[byte] === 0) this.rejection = byte === LF ? badRequest.bareLf : badRequest.chunkExtension;
    else this.countExtensionByte();
    if (this.state === State.ExtEscaped) this.state = State.ExtQuoted;
    else if (byte === DQUOTE) this.state = State.ExtAfterQuoted;
    else if (byte === BACKSLASH) this.state = State.ExtEscaped;
    return true;
  }
}
