/** Frames of RFC 9113 as bytes, right or wrong on purpose, and what came back as a list. */
import { connectionPreface, Flag, FrameType, frameHeaderBytes } from '../../server/http2/codes.js';
import { encodedName } from '../../server/http2/encoded-names.js';
import { answerBlocks, HpackDecoder } from '../../server/http2/hpack-decoder.js';
import { HpackEncoder } from '../../server/http2/hpack-encoder.js';

export const preface = Buffer.from(connectionPreface, 'latin1');

/** `length` may lie about the payload. */
export function frame(type: number, flags: number, id: number, payload: Uint8Array, length = payload.length): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes + payload.length);
  bytes.writeUIntBE(length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(id >>> 0, 5);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Identifier, value, ... */
export function settings(...values: readonly number[]): Buffer {
  const payload = Buffer.alloc(values.length * 3);
  for (let i = 0; i < values.length; i += 2) {
    payload.writeUInt16BE(values[i] ?? 0, i * 3);
    payload.writeUInt32BE(values[i + 1] ?? 0, i * 3 + 2);
  }
  return frame(FrameType.settings, 0, 0, payload);
}

export const settingsAck = frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(0));

export function ping(text: string, flags = 0): Buffer {
  return frame(FrameType.ping, flags, 0, Buffer.from(text.padEnd(8).slice(0, 8), 'latin1'));
}

export function windowUpdate(id: number, increment: number): Buffer {
  return frame(FrameType.windowUpdate, 0, id, uint32(increment));
}

export function resetStream(id: number, code: number): Buffer {
  return frame(FrameType.rstStream, 0, id, uint32(code));
}

export function goAway(lastId: number, code: number): Buffer {
  return frame(FrameType.goAway, 0, 0, Buffer.concat([uint32(lastId), uint32(code)]));
}

/** Weight and dependency of PRIORITY (deprecated). */
export function priority(id: number, dependency: number): Buffer {
  return frame(FrameType.priority, 0, id, Buffer.concat([uint32(dependency), Buffer.from([15])]));
}

export function data(id: number, payload: string | Uint8Array, flags = 0): Buffer {
  return frame(FrameType.data, flags, id, typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload);
}

/** HEADERS with END_HEADERS. */
export function headers(id: number, block: Uint8Array, flags: number = Flag.endStream): Buffer {
  return frame(FrameType.headers, flags | Flag.endHeaders, id, block);
}

export function continuation(id: number, block: Uint8Array, flags: number = Flag.endHeaders): Buffer {
  return frame(FrameType.continuation, flags, id, block);
}

/** A block of literals without indexing, names and values as they are (latin1), whatever they hold. */
export function block(...fields: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    parts.push(Buffer.from([0]), literal(fields[i] ?? ''), literal(fields[i + 1] ?? ''));
  }
  return Buffer.concat(parts);
}

/** A literal with incremental indexing (RFC 7541 6.2.1). */
export function indexedLiteral(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), literal(name), literal(value)]);
}

/** A string literal without Huffman coding (RFC 7541 5.2). */
export function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length: number[] = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

export const host = 'a.test';

/** The fields of a plain request; further ones behind them. */
export function requestFields(method: string, path: string, ...more: readonly string[]): string[] {
  return [':method', method, ':scheme', 'http', ':path', path, ':authority', host, ...more];
}

export function get(id: number, path = '/', ...more: readonly string[]): Buffer {
  return headers(id, block(...requestFields('GET', path, ...more)));
}

/** The head of a POST whose body follows. */
export function post(id: number, path = '/', ...more: readonly string[]): Buffer {
  return headers(id, block(...requestFields('POST', path, ...more)), 0);
}

/** The block of an encoder with a table, as real clients send it. */
export class Encoder {
  readonly #encoder = new HpackEncoder();
  readonly #buffer = Buffer.alloc(65_536);

  block(...fields: readonly string[]): Buffer {
    let at = this.#encoder.begin(this.#buffer, 0);
    for (let i = 0; i < fields.length; i += 2) {
      at = this.#encoder.field(this.#buffer, at, encodedName(fields[i] ?? ''), fields[i + 1] ?? '');
    }
    return Buffer.from(this.#buffer.subarray(0, at));
  }
}

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
  /** Of HEADERS with its CONTINUATION frames: name, value, ... */
  readonly fields: readonly string[];
}

/** Cuts bytes into frames, across calls; header blocks are decoded with one table. */
export class FrameLog {
  readonly frames: ReceivedFrame[] = [];
  #rest = Buffer.alloc(0);
  readonly #decoder = new HpackDecoder(answerBlocks);
  #open: { readonly flags: number; readonly parts: Buffer[] } | null = null;

  add(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= frameHeaderBytes) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < frameHeaderBytes + length) return;
      const payload = Buffer.from(this.#rest.subarray(frameHeaderBytes, frameHeaderBytes + length));
      const [type = 0, flags = 0] = this.#rest.subarray(3, 5);
      const id = this.#rest.readUInt32BE(5);
      this.#rest = this.#rest.subarray(frameHeaderBytes + length);
      this.#take(type, flags, id, payload);
    }
  }

  #take(type: number, flags: number, id: number, payload: Buffer): void {
    if (type !== FrameType.headers && type !== FrameType.continuation) {
      this.frames.push({ type, flags, id, payload, fields: [] });
      return;
    }
    const open = (this.#open ??= { flags, parts: [] });
    open.parts.push(payload);
    if ((flags & Flag.endHeaders) === 0) return;
    this.#open = null;
    const whole = Buffer.concat(open.parts);
    if (!this.#decoder.decode(whole, 0, whole.length)) throw new Error('the header block cannot be decoded');
    const fields = this.#decoder.entries.slice(0, this.#decoder.count).flatMap(({ name, value }) => [name, value]);
    this.frames.push({ type: FrameType.headers, flags: open.flags | flags, id, payload: whole, fields });
  }

  of(type: number, id?: number): ReceivedFrame[] {
    return this.frames.filter((one) => one.type === type && (id === undefined || one.id === id));
  }

  /** Value of a field of the final (or only) head of a stream. */
  field(id: number, name: string): string {
    const heads = this.of(FrameType.headers, id).filter((one) => one.fields.includes(':status'));
    const fields = heads.at(-1)?.fields ?? [];
    return fields[fields.indexOf(name) + 1] ?? '';
  }

  /** Body of a stream as text. */
  body(id: number): string {
    return Buffer.concat(this.of(FrameType.data, id).map((one) => one.payload)).toString('latin1');
  }

  isEnded(id: number): boolean {
    return this.frames.some(
      (one) => one.id === id && (one.type === 0 || one.type === 1) && (one.flags & Flag.endStream) !== 0,
    );
  }
}
