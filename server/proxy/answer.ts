// HOT: measured by test/bench/main.ts
import { interimResponsesMax, responseHeaderBytesMax } from '../../config/base/limits.js';
import { ChunkedDecoder } from '../http1/chunked.js';
import { type ClientFraming, clientFraming, hasBody } from '../http1/forward.js';
import { Gathered } from '../http1/gathered.js';
import { createResponseHead, parseResponseHead } from '../http1/response-head.js';
import { headIncomplete, headRejected, type RequestHead } from '../http1/types.js';
import type { ClientOutput } from './client-output.js';
import type { ExchangeClient } from './exchange-client.js';

/**
 * `more`: feed further. `done`: the answer is complete. `upgraded`: 101, the bytes from `tunnelStart` on are the
 * tunnel's. `broken`: it breaks the rules (`reason`); `isHeadSent` says what can still be done about it.
 */
export type AnswerVerdict = 'more' | 'done' | 'upgraded' | 'broken';

/** What the answer needs to know of its request at the moment its head is complete. */
export interface AnswerPorts {
  readonly request: RequestHead;
  readonly output: ClientOutput;
  /** Decides how the client connection goes on; called once, before the final head is written. */
  connectionAfter(framing: ClientFraming): 'default' | 'keep-alive' | 'close';
  /** IMF-fixdate of now. */
  date(): string;
  /** Value of a Set-Cookie that joins the final head; '' = none. */
  affinityCookie(): string;
  readonly client: Pick<ExchangeClient, 'router' | 'isStream'>;
  /** The first byte for the client is on its way (an interim answer too). */
  onFirstByte(): void;
}

/** Of one read. */
const chunksAsTheyAre = 32;

/**
 * One answer on its way from a worker to the client: parses what the worker sent (untrusted, like a
 * request), and frames it anew. One object per client connection, `begin` for each request.
 */
export class Answer {
  readonly head = createResponseHead();
  readonly #ports: AnswerPorts;
  #decoder: ChunkedDecoder | null = null;
  readonly #gathered = new Gathered();
  #phase: 'head' | 'body' | 'done' = 'head';
  #framing: ClientFraming = 'none';
  /** Bytes of the body still to come, with framing `length`. */
  #left = 0;
  /** An incomplete head; null = none. */
  #held: Buffer | null = null;
  #interims = 0;
  isHeadSent = false;
  /** The client connection ends behind this answer. */
  closesClient = false;
  /** Bytes came behind the end of the answer: the upstream connection cannot be trusted any more. */
  hasExtra = false;
  bodyBytes = 0;
  tunnelStart = 0;
  reason = '';

  constructor(ports: AnswerPorts) {
    this.#ports = ports;
  }

  begin(): void {
    this.#phase = 'head';
    this.#held = null;
    this.#interims = 0;
    this.isHeadSent = false;
    this.closesClient = false;
    this.hasExtra = false;
    this.bodyBytes = 0;
    this.reason = '';
    this.head.status = 0;
    this.head.neverIndexed = null;
  }

  /** Nothing of an answer has been seen, not even part of a head or an interim one. */
  get isUntouched(): boolean {
    return this.#phase === 'head' && this.#held === null && this.#interims === 0;
  }

  /** Nothing but the end of the connection tells the client where it ends (HTTP/1.0 and a length nobody knows). */
  get endsWithConnection(): boolean {
    return this.isHeadSent && this.#framing === 'close';
  }

  get hasInterims(): boolean {
    return this.#interims > 0;
  }

  get isDone(): boolean {
    return this.#phase === 'done';
  }

  feed(buffer: Buffer, start: number, end: number): AnswerVerdict {
    if (this.#phase === 'body') return this.#feedBody(buffer, start, end);
    if (this.#phase === 'head') return this.#feedHead(buffer, start, end);
    if (start < end) this.hasExtra = true;
    return 'done';
  }

  /** The worker's side ended: that is the end of a close-delimited body, and a break of any other. */
  end(): AnswerVerdict {
    if (this.#phase === 'done') return 'done';
    if (this.#phase === 'head') return this.#break(this.isUntouched ? 'NoAnswer' : 'AnswerCut');
    if (this.head.framing !== 'close') return this.#break('AnswerCut');
    this.#ports.output.endBody(this.#framing, null);
    this.#phase = 'done';
    return 'done';
  }

  #feedHead(buffer: Buffer, start: number, end: number): AnswerVerdict {
    const held = this.#held;
    if (held === null) return this.#parse(buffer, start, end, start);
    const joined = Buffer.concat([held, buffer.subarray(start, end)]);
    this.#held = null;
    return this.#parse(joined, 0, joined.length, held.length);
  }

  #parse(buffer: Buffer, start: number, end: number, scanFrom: number): AnswerVerdict {
    let at = start;
    let from = scanFrom;
    for (;;) {
      const used = parseResponseHead(buffer, at, end, from, this.head);
      if (used === headRejected) return this.#break(this.head.rejection?.reason ?? 'Answer');
      if (used === headIncomplete) {
        if (end - at > 2 * responseHeaderBytesMax) return this.#break('AnswerHeaderBlockTooLarge');
        if (at < end) this.#held = Buffer.from(buffer.subarray(at, end));
        return 'more';
      }
      at += used;
      from = at;
      const status = this.head.status;
      if (status >= 200) break;
      if (status === 101) return this.#upgrade(at, buffer);
      if (++this.#interims > interimResponsesMax) return this.#break('TooManyInterimAnswers');
      if (this.#ports.request.minorVersion === 1) {
        this.#ports.onFirstByte();
        this.#ports.output.interim(this.head);
      }
      if (at === end) return 'more';
    }
    return this.#startBody(buffer, at, end);
  }

  /** The caller relays the tunnel bytes: they may stand in a joined buffer, so it is told which. */
  tunnelBuffer: Buffer | null = null;

  #upgrade(at: number, buffer: Buffer): AnswerVerdict {
    if (!this.#ports.request.upgradeWebSocket) return this.#break('UnaskedUpgrade');
    this.#ports.onFirstByte();
    this.isHeadSent = true;
    const strictTransportSecurity = this.#ports.client.router.strictTransportSecurity;
    const options = {
      framing: 'none',
      date: this.#ports.date(),
      connection: 'upgrade',
      cookie: this.#ports.affinityCookie(),
      strictTransportSecurity,
    } as const;
    this.#ports.output.head(this.head, options);
    this.#phase = 'done';
    this.tunnelStart = at;
    this.tunnelBuffer = buffer;
    return 'upgraded';
  }

  #startBody(buffer: Buffer, at: number, end: number): AnswerVerdict {
    const ports = this.#ports;
    const head = this.head;
    if (ports.client.isStream && ports.request.upgradeWebSocket && head.status < 300)
      return this.#break('UpgradeIgnored');
    const framing = clientFraming(ports.request, head);
    const connection = ports.connectionAfter(framing);
    this.#framing = framing;
    this.closesClient = connection === 'close';
    ports.onFirstByte();
    this.isHeadSent = true;
    const cookie = ports.affinityCookie();
    const { answerFields: fields, strictTransportSecurity } = ports.client.router;
    ports.output.head(head, { framing, date: ports.date(), connection, cookie, fields, strictTransportSecurity });
    if (!hasBody(ports.request.method, head.status)) {
      this.#phase = 'done';
      if (at < end) this.hasExtra = true;
      return 'done';
    }
    this.#phase = 'body';
    if (head.framing === 'length') {
      this.#left = head.contentLength;
    } else if (head.framing === 'chunked') {
      this.#decoder ??= new ChunkedDecoder();
      this.#decoder.reset();
    }
    return this.#feedBody(buffer, at, end);
  }

  #feedBody(buffer: Buffer, start: number, end: number): AnswerVerdict {
    switch (this.head.framing) {
      case 'length':
        return this.#feedLength(buffer, start, end);
      case 'chunked':
        return this.#feedChunked(buffer, start, end);
      case 'close':
        if (start < end) this.#emit(buffer, start, end);
        return 'more';
    }
  }

  #feedLength(buffer: Buffer, start: number, end: number): AnswerVerdict {
    const stop = Math.min(end, start + this.#left);
    if (stop > start) {
      this.bodyBytes += stop - start;
      this.#left -= stop - start;
      this.#ports.output.bytes(buffer, start, stop);
    }
    if (this.#left > 0) return 'more';
    this.#phase = 'done';
    this.#ports.output.endBody('length', null);
    if (stop < end) this.hasExtra = true;
    return 'done';
  }

  /** Chunks stay as the application wrote them; when very many come in one read, small ones become one. */
  #feedChunked(buffer: Buffer, start: number, end: number): AnswerVerdict {
    const decoder = this.#decoder;
    const gathered = this.#gathered;
    if (decoder === null) return this.#break('Answer');
    let at = start;
    let chunks = 0;
    gathered.clear();
    while (at < end) {
      at = decoder.decode(buffer, at, end);
      if (decoder.rejection !== null) {
        this.#emitGathered(buffer);
        return this.#break('AnswerChunk');
      }
      chunks += 1;
      if (chunks <= chunksAsTheyAre || !gathered.add(buffer, decoder.dataStart, decoder.dataEnd)) {
        this.#emitGathered(buffer);
        gathered.add(buffer, decoder.dataStart, decoder.dataEnd);
      }
      if (!decoder.done) continue;
      this.#emitGathered(buffer);
      this.#ports.output.endBody(this.#framing, decoder.trailers);
      this.#phase = 'done';
      if (at < end) this.hasExtra = true;
      return 'done';
    }
    this.#emitGathered(buffer);
    return 'more';
  }

  #emitGathered(buffer: Buffer): void {
    const { start, end } = this.#gathered;
    this.#gathered.clear();
    if (start < end) this.#emit(buffer, start, end);
  }

  /** A piece of a body whose length is not known beforehand. */
  #emit(buffer: Buffer, start: number, end: number): void {
    const output = this.#ports.output;
    this.bodyBytes += end - start;
    if (this.#framing === 'chunked') output.chunk(buffer, start, end);
    else output.bytes(buffer, start, end);
  }

  #break(reason: string): AnswerVerdict {
    this.#phase = 'done';
    this.reason = reason;
    return 'broken';
  }
}
