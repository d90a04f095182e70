/** HTTP/2 as Node's own client speaks it: one session, many streams. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { within } from './time.js';

export interface Http2Call {
  readonly method?: string;
  readonly fields?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly trailers?: OutgoingHttpHeaders;
}

export interface Http2Answer {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  /** Statuses of the interim answers. */
  readonly interim: readonly number[];
  readonly bytes: Buffer;
  readonly text: string;
  /** Code of the RST_STREAM that ended it; 0 = none. */
  readonly resetCode: number;
}

export class Http2Client {
  readonly session: ClientHttp2Session;
  /** Error code of the server's GOAWAY; null = none came. */
  goAway: number | null = null;
  isClosed = false;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on('error', () => undefined);
    session.on('goaway', (code) => {
      this.goAway = code;
    });
    session.on('close', () => {
      this.isClosed = true;
    });
  }

  /** `origin`: `http://host:port` for prior knowledge, `https://...` for ALPN; always to this machine. */
  static async connect(origin: string, options: SecureClientSessionOptions = {}): Promise<Http2Client> {
    const url = new URL(origin);
    const session = connect(origin, {
      // MB; Node's own 10 refuses streams when large bodies go both ways.
      maxSessionMemory: 1_000,
      ...options,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...(url.protocol === 'https:' ? { servername: url.hostname } : {}),
    } as SecureClientSessionOptions);
    const client = new Http2Client(session);
    const opened = new Promise<void>((resolve, reject) => {
      session.once('remoteSettings', () => resolve());
      session.once('close', () => reject(new Error('the session was closed')));
      session.once('error', reject);
    });
    await within(30_000, 'an HTTP/2 session', opened);
    return client;
  }

  open(path: string, { method = 'GET', fields = {}, trailers }: Http2Call = {}, endStream = false): ClientHttp2Stream {
    const waitForTrailers = trailers !== undefined;
    return this.session.request({ ':method': method, ':path': path, ...fields }, { endStream, waitForTrailers });
  }

  /** The whole answer, also one that a reset tore. */
  call(path: string, how: Http2Call = {}): Promise<Http2Answer> {
    const hasBody = how.body !== undefined || how.trailers !== undefined;
    const stream = this.open(path, how, !hasBody);
    if (hasBody) {
      stream.on('wantTrailers', () => stream.sendTrailers(how.trailers ?? {}));
      stream.end(how.body);
    }
    return within(120_000, `an answer to ${path}`, answerOf(stream));
  }

  async close(): Promise<void> {
    if (this.session.closed || this.session.destroyed) return;
    await within(
      30_000,
      'the session ends',
      new Promise<void>((resolve) => {
        this.session.close(() => resolve());
      }),
    );
  }

  destroy(): void {
    this.session.destroy();
  }
}

export function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise((resolve) => {
    let fields: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const interim: number[] = [];
    const chunks: Buffer[] = [];
    stream.on('headers', (one) => interim.push(Number(one[':status'])));
    stream.on('response', (one) => {
      fields = one;
    });
    stream.on('trailers', (one) => {
      trailers = one;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      const bytes = Buffer.concat(chunks);
      const status = Number(fields[':status'] ?? 0);
      const resetCode = stream.rstCode ?? constants.NGHTTP2_NO_ERROR;
      resolve({ status, fields, trailers, interim, bytes, text: bytes.toString('latin1'), resetCode });
    });
  });
}
