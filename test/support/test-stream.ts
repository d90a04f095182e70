/** One stream of a test link: sends requests, collects the answer. */
import { linkStreamWindowBytes } from '../../config/base/limits.js';
import { creditLumpBytes } from '../../pools/link/flow.js';
import { AnswerFlag, EndFlag, FrameType, RequestFlag } from '../../pools/link/frames.js';
import { decodeNumber, encodeAddresses, encodeRequest } from '../../pools/link/payloads.js';
import type { ReceivedFrame, TestLink } from './link-front.js';
import { until } from './time.js';

const addresses = { remoteAddress: '127.0.0.1', remotePort: 50_000, localAddress: '127.0.0.1', localPort: 80 };

export class TestStream {
  readonly id: number;
  readonly frames: ReceivedFrame[] = [];
  /** Answer bytes of the current request. */
  answer = '';
  isEnded = false;
  /** Body bytes the worker accepts now. */
  credit = linkStreamWindowBytes;
  /** Give credit for what arrives. */
  isReading = true;
  readonly #link: TestLink;
  #isNew = true;
  #owed = 0;

  constructor(link: TestLink) {
    this.#link = link;
    this.id = link.newStream((frame) => this.#receive(frame));
  }

  #receive(frame: ReceivedFrame): void {
    this.frames.push(frame);
    if (frame.type === FrameType.Credit) this.credit += decodeNumber(frame.payload, 0, frame.payload.length);
    if (frame.type !== FrameType.Answer) return;
    this.answer += frame.payload.toString('latin1');
    if ((frame.flags & AnswerFlag.end) !== 0) this.isEnded = true;
    this.#owed += frame.payload.length;
    if (!this.isReading || this.#owed < creditLumpBytes) return;
    this.#link.writer.number(FrameType.Credit, 0, this.id, this.#owed);
    this.#link.writer.flush();
    this.#owed = 0;
  }

  /** Collects the frame; the link's `writer.flush()` sends it. */
  ask(url: string, method = 'GET', fields: readonly string[] = ['Host', 'test'], flags = 0): void {
    this.answer = '';
    this.isEnded = false;
    let payload = encodeRequest(fields, method, url);
    if (this.#isNew) payload += encodeAddresses(addresses);
    const all = flags | (this.#isNew ? RequestFlag.newStream : 0);
    this.#isNew = false;
    this.#link.writer.latin1(FrameType.Request, all, 0, this.id, payload);
  }

  send(type: FrameType, flags = 0): void {
    this.#link.writer.empty(type, flags, this.id);
  }

  body(bytes: Buffer, isLast: boolean): void {
    this.credit -= bytes.length;
    this.#link.writer.bytes(FrameType.Body, isLast ? EndFlag : 0, 0, this.id, bytes);
  }

  get text(): string {
    return this.answer.slice(this.answer.indexOf('\r\n\r\n') + 4);
  }

  has(type: FrameType): boolean {
    return this.frames.some((frame) => frame.type === type);
  }

  /** Sends one request at once and waits for its whole answer. */
  async get(url: string): Promise<string> {
    this.ask(url);
    this.#link.writer.flush();
    await this.ended();
    return this.text;
  }

  async ended(): Promise<void> {
    await until(`the answer on stream ${this.id}`, () => this.isEnded, {
      everyMs: 5,
      state: () => `${this.answer.slice(0, 500)} frames ${this.frames.map((frame) => frame.type).join(' ')}`,
    });
  }

  async receives(type: FrameType): Promise<ReceivedFrame> {
    return until(`frame ${type} on stream ${this.id}`, () => this.frames.find((frame) => frame.type === type), {
      everyMs: 5,
      state: () => `frames ${this.frames.map((frame) => frame.type).join(' ')}`,
    });
  }
}
