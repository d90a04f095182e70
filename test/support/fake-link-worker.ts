/** An in-process worker made of bare frames: a unix socket that says to the listener exactly what the test wants. */
import { join } from 'node:path';
import net from 'node:net';
import type { UpstreamEndpoint } from '../../pools/protocol/snapshot.js';
import { AnswerFlag, FrameType } from '../../pools/link/frames.js';
import { FrameReader } from '../../pools/link/reader.js';
import { FrameWriter } from '../../pools/link/writer.js';
import type { ReceivedFrame } from './link-front.js';
import { removeFolder, tempFolder } from './temp-folder.js';
import { until } from './time.js';

/** The worker's end of one link. */
export class FakeLink {
  readonly socket: net.Socket;
  readonly writer: FrameWriter;
  readonly frames: ReceivedFrame[] = [];
  isClosed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.writer = new FrameWriter(socket);
    const reader = new FrameReader({
      onFrame: (type, flags, aux, streamId, buffer, start, end) => {
        this.frames.push({ type, flags, aux, streamId, payload: Buffer.from(buffer.subarray(start, end)) });
        if (type === FrameType.Hello) this.#greet();
      },
    });
    socket.on('data', (bytes: Buffer) => reader.push(bytes, 0, bytes.length));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  #greet(): void {
    this.writer.latin1(FrameType.Hello, 0, 0, 0, JSON.stringify({ protocol: 1 }));
    this.writer.flush();
  }

  of(type: FrameType): ReceivedFrame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** Waits for the first (or the given number of) frame of this type. */
  async receives(type: FrameType, count = 1): Promise<ReceivedFrame> {
    const frame = (): ReceivedFrame | undefined => this.of(type)[count - 1];
    return until(`frame ${type}`, frame, {
      everyMs: 5,
      state: () => `frames ${this.frames.map((one) => one.type).join(' ')}`,
    });
  }

  async closes(): Promise<void> {
    await until('the listener breaks the link', () => this.isClosed, { everyMs: 5 });
  }

  /** Answers a request completely. */
  answer(streamId: number, body = 'ok'): void {
    const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    this.writer.bytes(FrameType.Answer, AnswerFlag.head | AnswerFlag.end, 0, streamId, bytes);
    this.writer.flush();
  }

  /** Writes until the link breaks, a block per turn that the kernel takes. */
  async flood(block: Buffer): Promise<void> {
    while (!this.isClosed && this.socket.writable) {
      await new Promise<void>((resolve) => {
        this.socket.write(block, () => resolve());
      });
    }
  }
}

export class FakeLinkWorker {
  readonly endpoint: UpstreamEndpoint;
  readonly links: FakeLink[] = [];
  readonly #server: net.Server;
  readonly #folder: string;

  private constructor(onLink: (link: FakeLink) => void) {
    this.#folder = tempFolder('f');
    const socketPath = join(this.#folder, 'link.sock');
    this.endpoint = { kind: 'link', socketPath, linkToken: 'token' };
    this.#server = net.createServer((socket) => {
      const link = new FakeLink(socket);
      this.links.push(link);
      onLink(link);
    });
  }

  static start(onLink: (link: FakeLink) => void = () => undefined): Promise<FakeLinkWorker> {
    const worker = new FakeLinkWorker(onLink);
    const { endpoint } = worker;
    return new Promise((resolve) => {
      worker.#server.listen(endpoint.kind === 'link' ? endpoint.socketPath : '', () => resolve(worker));
    });
  }

  /** The link that the listener opened last. */
  async link(count = 1): Promise<FakeLink> {
    return until(`link ${count}`, () => this.links[count - 1], { everyMs: 5 });
  }

  async stop(): Promise<void> {
    for (const { socket } of this.links) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    removeFolder(this.#folder);
  }
}
