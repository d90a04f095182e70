// HOT: measured by test/bench/http1.bench.ts
import { FieldKind } from './field-kinds.js';
import type { RequestHead, ResponseHead } from './types.js';

/** How the body of an answer is framed towards the client; `none` = no body follows this head. */
export type ClientFraming = 'none' | 'length' | 'chunked' | 'close';

export interface ResponseHeadOptions {
  /** From `clientFraming`. */
  readonly framing: ClientFraming;
  /** IMF-fixdate, written when the worker sent no Date. */
  readonly date: string;
  /**
   * `close`: this connection ends behind the answer (always with framing `close`). `keep-alive`: says so, for
   * a client of HTTP/1.0. `default`: HTTP/1.1 persists without a word. `upgrade`: the accepted 101.
   */
  readonly connection: 'default' | 'keep-alive' | 'close' | 'upgrade';
  /** Value of a Set-Cookie of ours; '' = none. */
  readonly cookie: string;
  /** Complete field lines that the site adds to its answers; absent: none. */
  readonly fields?: string;
  /** Value of Strict-Transport-Security (RFC 6797), where the worker sends none itself; '' = none. */
  readonly strictTransportSecurity: string;
}

/**
 * The framing towards this client (RFC 9112 6.3): a worker's close-delimited body becomes chunked, so that a cut
 * one can be told from a whole one; HTTP/1.0 gets it close-delimited because it knows no chunks.
 */
export function clientFraming(request: RequestHead, answer: ResponseHead): ClientFraming {
  if (!hasBody(request.method, answer.status)) return 'none';
  if (answer.framing === 'length') return 'length';
  return request.minorVersion === 1 ? 'chunked' : 'close';
}

/** Does the worker send a body behind this head, whatever its fields say? */
export function hasBody(requestMethod: string, status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304 && requestMethod !== 'HEAD';
}

/**
 * Head of a final answer for the client, latin1. The worker's fields in its order and spelling, without
 * hop-by-hop fields, those its `Connection` names, and its framing: that is written here.
 */
export function responseHead(head: ResponseHead, options: ResponseHeadOptions): string {
  const { fields, fieldKinds, connectionNames } = head;
  let out = 'HTTP/1.1 ' + String(head.status) + ' ' + head.reason + '\r\n';
  let hasDate = false;
  for (let i = 0; i < fieldKinds.length; i++) {
    const kind = fieldKinds[i] as number;
    const name = fields[i * 2] as string;
    const value = fields[i * 2 + 1] as string;
    if (kind === FieldKind.plain && connectionNames === null) {
      out += name + ': ' + value + '\r\n';
      continue;
    }
    if (
      kind === FieldKind.contentLength ? !keepsLength(head, options) : !answerFieldTravels(head, options, kind, name)
    ) {
      continue;
    }
    if (kind === FieldKind.date) {
      if (hasDate) continue;
      hasDate = true;
    }
    out += name + ': ' + (kind === FieldKind.contentLength ? String(head.contentLength) : value) + '\r\n';
  }
  if (!hasDate) out += 'Date: ' + options.date + '\r\n';
  if (options.cookie !== '') out += 'Set-Cookie: ' + options.cookie + '\r\n';
  if (options.strictTransportSecurity !== '' && !hasPolicy(fields)) {
    out += policyName + ': ' + options.strictTransportSecurity + '\r\n';
  }
  if (options.framing === 'chunked') out += 'Transfer-Encoding: chunked\r\n';
  if (options.fields !== undefined) out += options.fields;
  return out + connectionLine(options) + '\r\n';
}

export const policyName = 'Strict-Transport-Security';

/** Does the worker send a Strict-Transport-Security of its own? */
export function hasPolicy(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.length === policyName.length && name.toLowerCase() === 'strict-transport-security') return true;
  }
  return false;
}

/** Answers to HEAD and 304 keep the length as a fact about the body that is not there; 1xx and 204 never do. */
function keepsLength(head: ResponseHead, options: ResponseHeadOptions): boolean {
  return options.framing === 'length' || (options.framing === 'none' && head.status >= 200 && head.status !== 204);
}

/** Does a field that is not plain, or that `Connection` may name, go on to the client? */
export function answerFieldTravels(
  head: ResponseHead,
  options: Pick<ResponseHeadOptions, 'framing' | 'connection'>,
  kind: number,
  name: string,
): boolean {
  switch (kind) {
    case FieldKind.trailer:
      return options.framing === 'chunked';
    case FieldKind.upgrade:
      return options.connection === 'upgrade';
    case FieldKind.connection:
    case FieldKind.keepAlive:
    case FieldKind.transferEncoding:
    case FieldKind.hop:
    case FieldKind.framingTwin:
      return false;
    case FieldKind.forbidden:
      return !name.toLowerCase().startsWith('ms');
    case FieldKind.date:
      return true;
    default:
      return head.connectionNames === null || !head.connectionNames.includes(name.toLowerCase());
  }
}

function connectionLine(options: ResponseHeadOptions): string {
  switch (options.connection) {
    case 'close':
      return 'Connection: close\r\n';
    case 'keep-alive':
      return 'Connection: keep-alive\r\n';
    case 'upgrade':
      return 'Connection: Upgrade\r\n';
    case 'default':
      return '';
  }
}

const interimOptions: ResponseHeadOptions = {
  framing: 'none',
  date: '',
  connection: 'default',
  cookie: '',
  strictTransportSecurity: '',
};

/** A 1xx other than 101 for an HTTP/1.1 client: hop-by-hop fields and framing removed, nothing added. */
export function interimHead(head: ResponseHead): string {
  let out = 'HTTP/1.1 ' + String(head.status) + ' ' + head.reason + '\r\n';
  for (let i = 0; i < head.fieldKinds.length; i++) {
    const kind = head.fieldKinds[i] as number;
    const name = head.fields[i * 2] as string;
    if (kind === FieldKind.contentLength || !answerFieldTravels(head, interimOptions, kind, name)) continue;
    out += name + ': ' + (head.fields[i * 2 + 1] as string) + '\r\n';
  }
  return out + '\r\n';
}

export const lastChunk = '0\r\n\r\n';

/** Last chunk and trailers of a chunked body, latin1 (RFC 9112 7.1.2); no trailers = `lastChunk`. */
export function trailerBlock(trailers: readonly string[] | null): string {
  if (trailers === null || trailers.length === 0) return lastChunk;
  let out = '0\r\n';
  for (let i = 0; i < trailers.length; i += 2) {
    out += (trailers[i] as string) + ': ' + (trailers[i + 1] as string) + '\r\n';
  }
  return out + '\r\n';
}
