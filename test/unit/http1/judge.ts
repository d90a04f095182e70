import { ChunkedDecoder } from '../../../server/http1/chunked.js';
import { createRequestHead, parseRequestHead } from '../../../server/http1/request-head.js';
import type { RequestHead } from '../../../server/http1/types.js';
import { headIncomplete, headRejected } from '../../../server/http1/types.js';
import { matchPath } from '../../../server/route/match-path.js';
import { compileRoutes } from '../../../server/route/table.js';
import { routesOf } from '../../support/routes.js';

/** What the pure layer makes of a byte stream: the requests it accepted, then how it ended. */
export interface Verdict {
  /** One line per accepted request: method, target, host, fields, body, trailers. */
  readonly requests: readonly string[];
  /**
   * `end` = used up between two requests, `incomplete` = in the middle of one, `closed` = bytes behind a request
   * that ends the connection (nobody looks at them), otherwise status and reason.
   */
  readonly outcome: string;
  /** 0 unless refused. */
  readonly status: number;
}

const bodyBytesMax = 30_000_000;
const table = compileRoutes(routesOf([{}]));

/** Collects what one stream means, fed in pieces: the piece sizes never change the verdict. */
export class StreamJudge {
  private readonly head = createRequestHead();
  private readonly decoder = new ChunkedDecoder();
  private readonly requests: string[] = [];
  private buffer = Buffer.alloc(0);
  private scanFrom = 0;
  private inBody = false;
  private remaining = 0;
  private line = '';
  private body = '';
  private closing = false;
  private refused: { readonly status: number; readonly reason: string } | null = null;

  feed(piece: Buffer): void {
    if (this.refused !== null) return;
    this.buffer = Buffer.concat([this.buffer, piece]);
    for (;;) {
      const before = this.buffer.length;
      if (this.closing || (this.inBody ? !this.takeBody() : !this.takeHead())) return;
      if (this.buffer.length === before && before === 0) return;
    }
  }

  verdict(): Verdict {
    const middle = this.inBody || this.buffer.length > 0;
    const unfinished = this.closing ? 'closed' : 'incomplete';
    const outcome =
      this.refused === null ? (middle ? unfinished : 'end') : `${this.refused.status} ${this.refused.reason}`;
    return { requests: this.requests, outcome, status: this.refused?.status ?? 0 };
  }

  private drop(bytes: number): void {
    this.buffer = this.buffer.subarray(bytes);
    this.scanFrom = 0;
  }

  private refuse(status: number, reason: string): false {
    this.refused = { status, reason };
    return false;
  }

  private takeHead(): boolean {
    if (this.buffer.length === 0) return false;
    const { head, buffer } = this;
    const used = parseRequestHead(buffer, 0, buffer.length, this.scanFrom, head);
    if (used === headIncomplete) {
      this.scanFrom = buffer.length;
      return false;
    }
    if (used === headRejected) return this.refuse(head.rejection?.status ?? 0, head.rejection?.reason ?? '');
    this.drop(used);
    if (head.contentLength > bodyBytesMax) return this.refuse(413, 'BodyTooLarge');
    const site = table.site('127.0.0.1', 8080, 'http', head.host);
    if (site === null || matchPath(site, head.path) === 'bad-path') return this.refuse(400, 'BadPath');
    this.line = describeHead(head);
    this.body = '';
    this.decoder.reset();
    this.remaining = head.contentLength;
    this.inBody = head.framing !== 'none';
    return this.inBody ? true : this.finish('');
  }

  private takeBody(): boolean {
    if (this.head.framing === 'length') {
      const size = Math.min(this.remaining, this.buffer.length);
      this.body += this.buffer.toString('latin1', 0, size);
      this.remaining -= size;
      this.drop(size);
      return this.remaining === 0 ? this.finishBody(null) : false;
    }
    const { decoder, buffer } = this;
    let at = 0;
    while (at < buffer.length && !decoder.done && decoder.rejection === null) {
      at = decoder.decode(buffer, at, buffer.length);
      this.body += buffer.toString('latin1', decoder.dataStart, decoder.dataEnd);
    }
    this.drop(at);
    if (decoder.rejection !== null) return this.refuse(decoder.rejection.status, decoder.rejection.reason);
    return decoder.done ? this.finishBody(decoder.trailers) : false;
  }

  private finishBody(trailers: readonly string[] | null): true {
    return this.finish(` body=${JSON.stringify(this.body)} trailers=${JSON.stringify(trailers)}`);
  }

  private finish(body: string): true {
    this.requests.push(this.line + body);
    this.inBody = false;
    this.closing = !this.head.keepAlive;
    return true;
  }
}

export function describeHead(head: RequestHead): string {
  return JSON.stringify([
    head.method,
    head.target,
    head.minorVersion,
    head.host,
    head.framing,
    head.contentLength,
    head.keepAlive,
    head.expectContinue,
    head.upgradeWebSocket,
    head.connectionNames,
    head.fields,
  ]);
}

export function judge(bytes: Buffer): Verdict {
  const stream = new StreamJudge();
  stream.feed(bytes);
  return stream.verdict();
}

/** The same bytes in pieces that end at the given offsets (ascending). */
export function judgeSplit(bytes: Buffer, offsets: readonly number[]): Verdict {
  const stream = new StreamJudge();
  let from = 0;
  for (const to of [...offsets, bytes.length]) {
    stream.feed(Buffer.from(bytes.subarray(from, to)));
    from = to;
  }
  return stream.verdict();
}
