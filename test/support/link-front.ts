/**
 * A stand-in for the listener in tests of the host: accepts TCP clients, turns their requests into link
 * frames and writes the answer bytes to them unchanged. Checks nothing and is not fast.
 */
import net from 'node:net';
import { linkStreamWindowBytes } from '../../config/base/limits.js';
import { creditLumpBytes } from '../../pools/link/flow.js';
import { AnswerFlag, EndFlag, FrameType, RequestFlag } from '../../pools/link/frames.js';
import { decodeNumber, encodeAddresses, encodeFields, encodeHello, encodeRequest } from '../../pools/link/payloads.js';
import { FrameReader } from '../../pools/link/reader.js';
import { FrameWriter } from '../../pools/link/writer.js';
import { HostedApp } from './hosted-app.js';
import { RequestBytes, type RequestHead } from './request-bytes.js';

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

const addresses = { remoteAddress: '127.0.0.1', remotePort: 50_000, localAddress: '127.0.0.1', localPort: 0 };

/** One client connection of the front. */
class FrontConnection {
  readonly #link: TestLink;
  readonly #client: net.Socket;
  readonly #requests = new RequestBytes();
  #stream = 0;
  /** A request was sent and its answer has not ended. */
  #busy = false;
  #bodyOpen = false;
  #upgraded = false;
  #credit = linkStreamWindowBytes;
  #owed = 0;
  #resend: { readonly head: RequestHead; readonly hasBody: boolean } | null = null;

  constructor(link: TestLink, client: net.Socket) {
    this.#link = link;
    this.#client = client;
    client.on('data', (bytes: Buffer) => {
      this.#requests.add(bytes);
      this.#pump();
    });
    client.on('end', () => this.#gone(FrameType.Fin));
    client.on('error', (error: NodeJS.ErrnoException) => {
      this.#gone(error.code === 'ECONNRESET' ? FrameType.Reset : FrameType.Fin);
    });
    client.on('close', () => this.#gone(FrameType.Close));
  }

  /** Sends as much as order and credit allow: one request at a time. */
  #pump(): void {
    while (this.#credit > 0 && (!this.#busy || this.#bodyOpen || this.#upgraded)) {
      const event = this.#requests.next();
      if (event === null) break;
      if (event.kind === 'head') this.#request(event.head, event.hasBody);
      else if (event.kind === 'body' || event.kind === 'raw') {
        this.#credit -= event.bytes.length;
        this.#link.writer.bytes(FrameType.Body, 0, 0, this.#stream, event.bytes);
      } else this.#complete(event.trailers);
    }
    if (this.#credit <= 0) this.#client.pause();
    this.#link.writer.flush();
  }

  #complete(trailers: readonly string[]): void {
    this.#bodyOpen = false;
    if (trailers.length === 0) this.#link.writer.empty(FrameType.Body, EndFlag, this.#stream);
    else this.#link.writer.latin1(FrameType.Trailers, EndFlag, 0, this.#stream, encodeFields(trailers));
  }

  #request(head: RequestHead, hasBody: boolean): void {
    let flags = hasBody ? RequestFlag.body : 0;
    const connection = (head.header('connection') ?? '').toLowerCase();
    const isUpgrade = connection.includes('upgrade') && head.header('upgrade') !== undefined;
    if (head.header('expect') !== undefined) flags |= RequestFlag.expect;
    if (isUpgrade) flags |= RequestFlag.upgrade;
    if (head.isHttp10) flags |= RequestFlag.http10;
    if (connection.includes('close') || (head.isHttp10 && !connection.includes('keep-alive'))) {
      flags |= RequestFlag.close;
    }
    if (this.#stream === 0) {
      this.#stream = this.#link.newStream((frame) => this.#receive(frame));
      this.#credit = linkStreamWindowBytes;
      flags |= RequestFlag.newStream;
    }
    const payload = encodeRequest(head.fields, head.method, head.url);
    const behind = (flags & RequestFlag.newStream) === 0 ? '' : encodeAddresses(addresses);
    this.#busy = true;
    this.#bodyOpen = hasBody;
    this.#resend = { head, hasBody };
    if (isUpgrade) {
      this.#upgraded = true;
      this.#requests.becomeRaw();
    }
    this.#link.writer.latin1(FrameType.Request, flags, 0, this.#stream, payload + behind);
  }

  #receive(frame: ReceivedFrame): void {
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the others never come here
    switch (frame.type) {
      case FrameType.Answer:
        this.#answer(frame);
        return;
      case FrameType.Credit:
        this.#credit += decodeNumber(frame.payload, 0, frame.payload.length);
        this.#client.resume();
        this.#pump();
        return;
      case FrameType.Fin:
        this.#busy = true;
        this.#client.end();
        return;
      case FrameType.Reset:
        this.#forget();
        this.#client.destroy();
        return;
      case FrameType.Closed:
        this.#forget();
        return;
      case FrameType.Refused:
        this.#refused();
        return;
      default:
        throw new Error(`frame ${frame.type} on a stream`);
    }
  }

  #answer(frame: ReceivedFrame): void {
    this.#resend = null;
    if (frame.payload.length > 0) {
      this.#client.write(frame.payload, () => this.#accepted(frame.payload.length));
    }
    if ((frame.flags & AnswerFlag.end) !== 0) {
      this.#busy = false;
      this.#upgraded = false;
      this.#pump();
    }
  }

  /** The client's kernel took bytes: the worker may send as many more. */
  #accepted(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < creditLumpBytes || this.#stream === 0) return;
    this.#link.writer.number(FrameType.Credit, 0, this.#stream, this.#owed);
    this.#link.writer.flush();
    this.#owed = 0;
  }

  #refused(): void {
    const again = this.#resend;
    this.#forget();
    if (again === null || again.hasBody) {
      this.#client.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#request(again.head, false);
    this.#link.writer.flush();
  }

  #gone(type: FrameType): void {
    if (this.#stream === 0) {
      if (type === FrameType.Fin) this.#client.end();
      return;
    }
    const isIdle = !this.#busy && !this.#bodyOpen && !this.#requests.isMidRequest;
    this.#link.writer.empty(isIdle ? FrameType.Close : type, 0, this.#stream);
    this.#link.writer.flush();
    if (isIdle) {
      this.#forget();
      this.#client.end();
    } else if (type !== FrameType.Fin) this.#forget();
  }

  #forget(): void {
    this.#link.streams.delete(this.#stream);
    this.#stream = 0;
    this.#busy = false;
  }
}

export class LinkFront {
  readonly link: TestLink;
  readonly #server: net.Server;
  readonly #clients = new Set<net.Socket>();

  constructor(socketPath: string) {
    this.link = new TestLink(socketPath);
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.#clients.add(client);
      client.once('close', () => this.#clients.delete(client));
      new FrontConnection(this.link, client);
    });
  }

  /** @returns the port that clients connect to. */
  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as net.AddressInfo).port));
    });
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.link.socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
