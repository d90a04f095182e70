/** HTTP/2 frame by frame, over cleartext with prior knowledge: for clients that no library would let us be. */
import { connect, type Socket } from 'node:net';
import { connectionPreface, ErrorCode, Flag, FrameType } from '../../server/http2/codes.js';
import { until, within } from './time.js';

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, streamId: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const more: number[] = [];
  let left = bytes.length - 127;
  for (; left >= 128; left = Math.floor(left / 128)) more.push((left % 128) + 128);
  return Buffer.concat([Buffer.of(127, ...more, left), bytes]);
}

/** Literal fields without indexing, without Huffman (RFC 7541 6.2.2). */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

export function requestBlock(path = '/', more: readonly (readonly [string, string])[] = [], method = 'GET'): Buffer {
  return block([[':method', method], [':scheme', 'http'], [':path', path], [':authority', 'localhost'], ...more]);
}

export function settings(values: readonly (readonly [number, number])[] = []): Buffer {
  const payload = Buffer.alloc(values.length * 6);
  for (const [index, [id, value]] of values.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(FrameType.settings, 0, 0, payload);
}

export function reset(streamId: number, code: number = ErrorCode.cancel): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(FrameType.rstStream, 0, streamId, payload);
}

export function windowUpdate(streamId: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FrameType.windowUpdate, 0, streamId, payload);
}

export function get(streamId: number, path = '/'): Buffer {
  return frame(FrameType.headers, Flag.endHeaders | Flag.endStream, streamId, requestBlock(path));
}

export class RawHttp2 {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  /** false: what comes is counted and thrown away but for GOAWAY. */
  keepsFrames = true;
  framesReceived = 0;
  isClosed = false;
  goAway: { readonly code: number; readonly lastStreamId: number } | null = null;
  #held: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** Sends the preface with these settings. */
  static async connect(port: number, values: readonly (readonly [number, number])[] = []): Promise<RawHttp2> {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    await within(
      30_000,
      'a connection',
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      }),
    );
    const client = new RawHttp2(socket);
    client.send(Buffer.from(connectionPreface, 'latin1'), settings(values));
    return client;
  }

  send(...frames: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** As `send`; resolves when the kernel has it, or the connection is over. */
  async sendAll(...frames: readonly Buffer[]): Promise<void> {
    if (!this.socket.writable || this.socket.write(Buffer.concat(frames))) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.socket.off('drain', done).off('close', done);
        resolve();
      };
      this.socket.on('drain', done).on('close', done);
    });
  }

  of(type: number, streamId?: number): RawFrame[] {
    return this.frames.filter((one) => one.type === type && (streamId === undefined || one.streamId === streamId));
  }

  receives(what: string, condition: () => boolean): Promise<true> {
    return until(what, condition, {
      withinMs: 60_000,
      state: () => JSON.stringify({ goAway: this.goAway, frames: this.frames.slice(-10), closed: this.isClosed }),
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (this.#held.length - at >= 9) {
      const length = this.#held.readUIntBE(at, 3);
      if (this.#held.length - at < 9 + length) break;
      this.#taken({
        type: this.#held[at + 3] ?? 0,
        flags: this.#held[at + 4] ?? 0,
        streamId: this.#held.readUInt32BE(at + 5),
        payload: this.#held.subarray(at + 9, at + 9 + length),
      });
      at += 9 + length;
    }
    this.#held = this.#held.subarray(at);
  }

  #taken(one: RawFrame): void {
    this.framesReceived += 1;
    if (one.type === FrameType.goAway) {
      this.goAway = { lastStreamId: one.payload.readUInt32BE(0), code: one.payload.readUInt32BE(4) };
    }
    if (this.keepsFrames) this.frames.push(one);
  }
}
