/** The listener's end of a link in tests of the host, without a listener. */
import net from 'node:net';
import { FrameType } from '../../pools/link/frames.js';
import { encodeHello } from '../../pools/link/payloads.js';
import { FrameReader } from '../../pools/link/reader.js';
import { FrameWriter } from '../../pools/link/writer.js';
import { HostedApp } from './hosted-app.js';

export interface ReceivedFrame {
  readonly type: FrameType;
  readonly flags: number;
  readonly aux: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** The listener's end of one link, as bare frames. */
export class TestLink {
  readonly socket: net.Socket;
  readonly writer: FrameWriter;
  /** Frames that nobody handles, in order. */
  readonly frames: ReceivedFrame[] = [];
  readonly streams = new Map<number, (frame: ReceivedFrame) => void>();
  isClosed = false;
  #nextStream = 1;

  constructor(socketPath: string, hello = encodeHello({ protocol: 1, token: HostedApp.token, listener: 1 })) {
    this.socket = net.connect({ path: socketPath });
    this.writer = new FrameWriter(this.socket);
    const reader = new FrameReader({
      onFrame: (type, flags, aux, streamId, buffer, start, end) => {
        const frame = { type, flags, aux, streamId, payload: Buffer.from(buffer.subarray(start, end)) };
        const handler = this.streams.get(streamId);
        if (handler === undefined) this.frames.push(frame);
        else handler(frame);
      },
    });
    this.socket.on('data', (bytes: Buffer) => {
      const error = reader.push(bytes, 0, bytes.length);
      if (error !== null) this.socket.destroy(new Error(error));
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.isClosed = true;
      for (const handler of this.streams.values()) {
        handler({ type: FrameType.Reset, flags: 0, aux: 0, streamId: 0, payload: Buffer.alloc(0) });
      }
    });
    this.writer.latin1(FrameType.Hello, 0, 0, 0, hello);
    this.writer.flush();
  }

  newStream(handler: (frame: ReceivedFrame) => void): number {
    const id = this.#nextStream;
    this.#nextStream += 1;
    this.streams.set(id, handler);
    return id;
  }

  request(id: number, flags: number, payload: string): void {
    this.writer.latin1(FrameType.Request, flags, 0, id, payload);
    this.writer.flush();
  }
}
