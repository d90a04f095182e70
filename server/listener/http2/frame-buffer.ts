// HOT: measured by test/bench/main.ts
import type { Socket } from 'node:net';
import { http2SmallWriteBytes } from '../../../config/base/http2-limits.js';
import { writeQueueHighBytes } from '../../../config/base/limits.js';
import type { FrameOutput } from '../../http2/types.js';
import { bytesSent } from '../../proxy/raw-socket.js';
import { giveBack, takeBuffer } from '../../proxy/spare-buffers.js';
import type { Sending } from '../rate-watch.js';

const nothing = Buffer.alloc(0);

/** Frames of one connection on their way to its socket: those of one turn leave in one write. */
export class FrameBuffer implements FrameOutput, Sending {
  buffer: Buffer = nothing;
  at = 0;
  given = 0;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isFull(): boolean {
    return this.#socket.writableLength >= writeQueueHighBytes;
  }

  get backlog(): number {
    return this.#socket.writableLength + this.at;
  }

  get sent(): number {
    return bytesSent(this.#socket);
  }

  reserve(bytes: number): void {
    if (this.buffer.length - this.at >= bytes) return;
    this.flush();
    this.buffer = takeBuffer();
  }

  /** What little there is leaves as a copy: a client that does not read must not hold a large buffer with it. */
  flush(): void {
    const { buffer, at } = this;
    this.buffer = nothing;
    this.at = 0;
    if (at === 0 || !this.#socket.writable) {
      if (buffer !== nothing) giveBack(buffer);
      return;
    }
    this.given += at;
    if (at > http2SmallWriteBytes) {
      this.#socket.write(buffer.subarray(0, at), () => giveBack(buffer));
      return;
    }
    this.#socket.write(Buffer.from(buffer.subarray(0, at)));
    giveBack(buffer);
  }
}
