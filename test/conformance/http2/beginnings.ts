/** How a connection may begin (RFC 9113 3.3, 3.4; RFC 7301): whoever speaks another protocol than agreed is told so, and ended. */
import { ErrorCode, FrameType } from '../../../server/http2/codes.js';
import { FrameLog, preface, settings } from '../../support/http2-frames.js';
import { statuses } from '../../support/raw-client.js';

export interface Beginning {
  readonly name: string;
  /** null = without TLS, where the preface decides. */
  readonly tls: { readonly servername: string; readonly alpn: readonly string[] } | null;
  readonly bytes: Buffer;
  /** The client ends its side behind them. */
  readonly ends: boolean;
  /** As `outcomeOf` says it; the connection ends behind it. */
  readonly outcome: readonly string[];
}

const request = Buffer.from('GET /n/1 HTTP/1.1\r\nHost: shop.test\r\n\r\n');
const opening = Buffer.concat([preface, settings()]);
const wrongPreface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\rX', 'latin1');
const refused = ['refused'];
const protocolError = [`GOAWAY ${ErrorCode.protocolError}`];
const frameSizeError = [`GOAWAY ${ErrorCode.frameSizeError}`];

/** Statuses of HTTP/1.1 (`refused`: of a request line that is none), or the code of GOAWAY. */
export function outcomeOf(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  if (text.startsWith('HTTP/')) return statuses(text).map((one) => (one === 400 || one === 505 ? 'refused' : `${one}`));
  const log = new FrameLog();
  log.add(bytes);
  return log.of(FrameType.goAway).map(({ payload }) => `GOAWAY ${payload.readUInt32BE(4)}`);
}

/** `both` speaks HTTP/2 and HTTP/1.1, `old` HTTP/1.1 alone. */
export function beginnings(both: string, old: string): readonly Beginning[] {
  const overTls = (alpn: readonly string[], servername = both) => ({ servername, alpn });
  const one = (name: string, tls: Beginning['tls'], bytes: Buffer, outcome: Beginning['outcome'], ends = false) => ({
    name,
    tls,
    bytes,
    outcome,
    ends,
  });
  return [
    one('HTTP/2 where HTTP/1.1 was agreed', overTls(['http/1.1']), opening, refused),
    one('HTTP/2 where nothing was agreed', overTls([]), opening, refused),
    one('HTTP/2 at a binding without it', overTls(['http/1.1'], old), opening, refused),
    one('HTTP/1.1 where HTTP/2 was agreed', overTls(['h2']), request, protocolError),
    one('a wrong preface where HTTP/2 was agreed', overTls(['h2']), wrongPreface, protocolError),
    one('HTTP/1.1 behind the preface', overTls(['h2']), Buffer.concat([opening, request]), frameSizeError),
    one('the preface twice', null, Buffer.concat([opening, preface]), frameSizeError),
    one('HTTP/1.1 behind the preface, without TLS', null, Buffer.concat([opening, request]), frameSizeError),
    one('a wrong preface', null, wrongPreface, refused),
    one('two empty lines before the preface', null, Buffer.concat([Buffer.from('\r\n\r\n'), opening]), refused),
    one('the preface behind a request', null, Buffer.concat([request, opening]), ['200', ...refused]),
    one('a part of the preface and the end', null, preface.subarray(0, 20), [], true),
  ];
}
