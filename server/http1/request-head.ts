// HOT: measured by test/bench/http1.bench.ts
import { headerBlockBytesMax, headerFieldsMax, requestLineBytesMax } from '../../config/base/limits.js';
import { byteAt, latin1, parseDecimal, SLASH } from './bytes.js';
import { noteConnection, noteTrailer, presentNames, resetLists } from './connection-lists.js';
import { FieldKind, plainNameKind, underscoreNameKind } from './field-kinds.js';
import { isDecisive, marks, nameClasses, scan, scanFields } from './field-scanner.js';
import { isSameAuthority, parseAuthority } from './host.js';
import * as refused from './rejections.js';
import { line, scanRequestLine } from './request-line.js';
import { resolveTarget, target } from './request-target.js';
import { transferCodingVerdict } from './transfer-coding.js';
import type { Rejection, RequestHead } from './types.js';
import { headIncomplete, headRejected } from './types.js';

const bad = refused.badRequest;

export function createRequestHead(): RequestHead {
  return {
    method: '',
    target: '',
    path: '',
    minorVersion: 1,
    fields: [],
    fieldKinds: [],
    hasUnderscoreNames: false,
    hostField: '',
    host: '',
    framing: 'none',
    contentLength: 0,
    keepAlive: false,
    expectContinue: false,
    upgradeWebSocket: false,
    connectionNames: null,
    announcedTrailers: null,
    neverIndexed: null,
    envelopeBytes: 0,
    judgeAgainAt: 0,
    rejection: null,
  };
}

/** What the fields of the head being parsed said; one head is parsed at a time. */
const facts = {
  hostIndex: -1,
  contentLength: -1,
  isChunked: false,
  close: false,
  keepAlive: false,
  upgradeToken: false,
  upgrades: 0,
  isWebSocket: false,
  expects: 0,
  isContinue: false,
};

/**
 * Parses the request head at `start` (RFC 9112 2, 3, 5) and fills `head`. Returns the bytes consumed,
 * `headIncomplete`, or `headRejected` with `head.rejection`. `scanFrom` is the `end` of the previous,
 * incomplete attempt on the same bytes (`start` on the first). `scheme` is that of the connection: an
 * absolute-form target of the other scheme is refused.
 *
 * The order of judgement is fixed - bytes of the request line, meaning of the line, bytes of the
 * fields, meaning of the fields - so that the verdict is the same however the bytes arrive.
 */
export function parseRequestHead(
  buffer: Buffer,
  start: number,
  end: number,
  scanFrom: number,
  head: RequestHead,
  scheme: 'http' | 'https' = 'http',
): number {
  if (scanFrom > start && end - start <= head.judgeAgainAt && !isDecisive(buffer, start, scanFrom, end)) {
    return headIncomplete;
  }
  const fieldsStart = scanRequestLine(buffer, start, end);
  if (fieldsStart < 0) return reject(head, line.rejection);
  if (fieldsStart === 0) {
    head.judgeAgainAt = line.start - start + requestLineBytesMax;
    return headIncomplete;
  }
  const plain = buffer[line.targetStart] === SLASH;
  if (!plain && !resolveTarget(buffer, scheme)) return reject(head, bad.target);
  const headEnd = scanFields(buffer, fieldsStart, end, bad, headerBlockBytesMax, headerFieldsMax);
  if (headEnd < 0) return reject(head, scan.rejection);
  if (headEnd === 0) {
    head.judgeAgainAt = fieldsStart - start + headerBlockBytesMax;
    return headIncomplete;
  }
  const text = latin1(buffer, line.start, headEnd);
  fillLine(head, text, plain);
  const rejection = fillFields(buffer, head, text) ?? settle(head, plain, scheme);
  if (rejection !== null) return reject(head, rejection);
  head.rejection = null;
  head.envelopeBytes = headEnd - start;
  return headEnd - start;
}

function reject(head: RequestHead, rejection: Rejection | null): number {
  head.rejection = rejection;
  return headRejected;
}

function fillLine(head: RequestHead, text: string, plain: boolean): void {
  head.method = line.method;
  head.minorVersion = line.minorVersion;
  head.target = plain ? text.substring(line.targetStart - line.start, line.targetEnd - line.start) : target.origin;
  const query = head.target.indexOf('?');
  head.path = query < 0 ? head.target : head.target.substring(0, query);
}

function fillFields(buffer: Buffer, head: RequestHead, text: string): Rejection | null {
  facts.hostIndex = -1;
  facts.contentLength = -1;
  facts.isChunked = false;
  facts.close = false;
  facts.keepAlive = false;
  facts.upgradeToken = false;
  facts.upgrades = 0;
  facts.isWebSocket = false;
  facts.expects = 0;
  facts.isContinue = false;
  resetLists();
  head.hasUnderscoreNames = false;
  head.announcedTrailers = null;
  const { fields, fieldKinds } = head;
  const count = scan.count;
  const base = line.start;
  for (let i = 0; i < count; i++) {
    const nameStart = marks[i * 4] as number;
    const name = text.substring(nameStart - base, (marks[i * 4 + 1] as number) - base);
    const value = text.substring((marks[i * 4 + 2] as number) - base, (marks[i * 4 + 3] as number) - base);
    const kind = nameClasses[i] === 1 ? plainNameKind(name, byteAt(buffer, nameStart)) : underscoreNameKind(name);
    fields[i * 2] = name;
    fields[i * 2 + 1] = value;
    fieldKinds[i] = kind;
    if (kind === FieldKind.plain) continue;
    const rejection = noteField(head, kind, value, i);
    if (rejection !== null) return rejection;
  }
  if (fieldKinds.length !== count) {
    fields.length = count * 2;
    fieldKinds.length = count;
  }
  return null;
}

function noteField(head: RequestHead, kind: number, value: string, index: number): Rejection | null {
  switch (kind) {
    case FieldKind.host:
      if (facts.hostIndex >= 0) return bad.hostRepeated;
      facts.hostIndex = index;
      return null;
    case FieldKind.contentLength:
      if (facts.contentLength >= 0) return bad.contentLengthRepeated;
      facts.contentLength = parseDecimal(value);
      return facts.contentLength >= 0 ? null : contentLengthVerdict(value);
    case FieldKind.transferEncoding:
      if (facts.isChunked) return bad.transferEncodingRepeated;
      facts.isChunked = true;
      return transferCodingVerdict(value);
    case FieldKind.connection:
      return noteConnection(value, facts) ? null : bad.connection;
    case FieldKind.upgrade:
      facts.upgrades++;
      facts.isWebSocket = value.length === 9 && value.toLowerCase() === 'websocket';
      return null;
    case FieldKind.expect:
      facts.expects++;
      facts.isContinue = value === '100-continue';
      return null;
    case FieldKind.trailer:
      return noteTrailer(head, value) ? null : bad.trailer;
    case FieldKind.underscore:
      head.hasUnderscoreNames = true;
      return null;
    case FieldKind.framingTwin:
      return bad.framingTwin;
    default:
      return null;
  }
}

/**
 * Why a Content-Length that `parseDecimal` refused is refused: digits that no number can hold exactly are too large for
 * every limit, not a syntax error.
 */
export function contentLengthVerdict(value: string): Rejection {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < (i === 0 ? 0x31 : 0x30) || code > 0x39) return bad.contentLength;
  }
  return value === '' ? bad.contentLength : refused.contentLengthTooLarge;
}

/** Rules across fields: framing (RFC 9112 6), Host (3.2), Expect and Upgrade (RFC 9110 10.1.1, 7.8). */
function settle(head: RequestHead, plain: boolean, scheme: 'http' | 'https'): Rejection | null {
  const http11 = head.minorVersion === 1;
  if (facts.isChunked) {
    if (facts.contentLength >= 0) return bad.bothFramings;
    if (!http11) return bad.chunkedHttp10;
    head.framing = 'chunked';
  } else {
    head.framing = facts.contentLength > 0 ? 'length' : 'none';
    if (!http11 && facts.contentLength < 0 && head.method === 'POST') return refused.lengthRequired;
  }
  head.contentLength = facts.contentLength > 0 ? facts.contentLength : 0;
  const rejection = settleHost(head, plain, scheme);
  if (rejection !== null) return rejection;
  if (http11 && facts.expects > 0 && (facts.expects > 1 || !facts.isContinue)) return refused.expectationFailed;
  head.expectContinue = facts.expects > 0 && http11 && head.framing !== 'none';
  const upgrade = http11 && facts.isWebSocket && facts.upgrades === 1 && facts.upgradeToken;
  if (upgrade && head.framing !== 'none') return bad.upgradeWithBody;
  head.upgradeWebSocket = upgrade && head.method === 'GET';
  head.keepAlive = !facts.close && (http11 || facts.keepAlive);
  head.connectionNames = presentNames(head.fields, head.fieldKinds);
  return null;
}

function settleHost(head: RequestHead, plain: boolean, scheme: 'http' | 'https'): Rejection | null {
  const at = facts.hostIndex * 2 + 1;
  if (facts.hostIndex < 0) {
    if (head.minorVersion === 1) return bad.hostMissing;
    head.hostField = plain ? '' : target.authority;
    head.host = plain ? '' : target.parsed.host;
    if (head.hostField !== '') {
      head.fields.push('Host', head.hostField);
      head.fieldKinds.push(FieldKind.host);
    }
    return null;
  }
  const value = head.fields[at] as string;
  if (plain && value === head.hostField && head.host !== '') return null;
  const authority = parseAuthority(value);
  if (authority === null) return bad.hostInvalid;
  if (!plain && target.authority !== '') {
    if (!isSameAuthority(authority, target.parsed, scheme === 'https' ? 443 : 80)) return bad.hostDiffers;
    head.fields[at] = target.authority;
    head.hostField = target.authority;
  } else {
    head.hostField = value;
  }
  head.host = authority.host;
  return null;
}
