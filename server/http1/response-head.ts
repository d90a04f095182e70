// HOT: measured by test/bench/http1.bench.ts
import { requestLineBytesMax, responseHeaderBytesMax, responseHeaderFieldsMax } from '../../config/base/limits.js';
import { byteAt, CR, endOfValue, latin1, LF, parseDecimal, SP } from './bytes.js';
import { noteConnection, presentNames, resetLists } from './connection-lists.js';
import { FieldKind, plainNameKind, underscoreNameKind } from './field-kinds.js';
import { isDecisive, marks, nameClasses, scan, scanFields } from './field-scanner.js';
import { splitList } from './lists.js';
import { badAnswer } from './rejections.js';
import { isHttp1 } from './request-line.js';
import { isChunked } from './transfer-coding.js';
import type { Rejection, ResponseHead } from './types.js';
import { headIncomplete, headRejected } from './types.js';

export function createResponseHead(): ResponseHead {
  return {
    status: 0,
    reason: '',
    minorVersion: 1,
    fields: [],
    fieldKinds: [],
    framing: 'close',
    contentLength: 0,
    keepAlive: false,
    keepAliveTimeoutSeconds: -1,
    connectionNames: null,
    neverIndexed: null,
    judgeAgainAt: 0,
    rejection: null,
  };
}

/** What the fields of the answer being parsed said; one head is parsed at a time. */
const facts = { contentLength: -1, isChunked: false, close: false, keepAlive: false, upgradeToken: false };

/**
 * Parses the head of a worker's answer, interim ones too (RFC 9112 4, 5, 6). A worker is trusted no more
 * than a client: whatever could be read in two ways is refused, every rejection is 502.3. Conventions
 * as in `parseRequestHead`. HEAD, 204 and 304 have no body whatever `framing` says: the caller decides.
 */
export function parseResponseHead(
  buffer: Buffer,
  start: number,
  end: number,
  scanFrom: number,
  head: ResponseHead,
): number {
  if (scanFrom > start && end - start <= head.judgeAgainAt && !isDecisive(buffer, start, scanFrom, end)) {
    return headIncomplete;
  }
  const fieldsStart = scanStatusLine(buffer, start, end, head);
  if (fieldsStart < 0) return headRejected;
  if (fieldsStart === 0) {
    head.judgeAgainAt = requestLineBytesMax;
    return headIncomplete;
  }
  const headEnd = scanFields(buffer, fieldsStart, end, badAnswer, responseHeaderBytesMax, responseHeaderFieldsMax);
  if (headEnd < 0) return reject(head, scan.rejection);
  if (headEnd === 0) {
    head.judgeAgainAt = fieldsStart - start + responseHeaderBytesMax;
    return headIncomplete;
  }
  head.minorVersion = buffer[start + 7] === 0x31 ? 1 : 0;
  const rejection = fillFields(buffer, head, fieldsStart, headEnd) ?? settle(head);
  if (rejection !== null) return reject(head, rejection);
  head.rejection = null;
  return headEnd - start;
}

function reject(head: ResponseHead, rejection: Rejection | null): number {
  head.rejection = rejection;
  return headRejected;
}

/** `HTTP/1.x SP 3DIGIT SP reason CRLF`; the last SP may be missing when there is no reason. */
function scanStatusLine(buffer: Buffer, start: number, end: number, head: ResponseHead): number {
  const stop = Math.min(end, start + requestLineBytesMax);
  const i = endOfValue(buffer, start, stop);
  if (i >= end) return 0;
  if (i >= start + requestLineBytesMax && buffer[i] !== CR) return reject(head, badAnswer.headerBlockTooLarge);
  if (buffer[i] === LF) return reject(head, badAnswer.bareLf);
  if (buffer[i] !== CR) return reject(head, badAnswer.control);
  if (i + 1 >= end) return 0;
  if (buffer[i + 1] !== LF) return reject(head, badAnswer.bareCr);
  if (i - start < 12 || !isHttp1(buffer, start))
    return reject(head, badVersion(latin1(buffer, start, Math.min(i, start + 12))));
  const status = statusAt(buffer, start + 9);
  const behind = i - start === 12 ? SP : buffer[start + 12];
  if (buffer[start + 8] !== SP || status < 100 || behind !== SP) return reject(head, badAnswer.status);
  head.status = status;
  head.reason = i - start <= 13 ? '' : reasonPhrase(buffer, status, start + 13, i);
  return i + 2;
}

function badVersion(text: string): Rejection {
  return text.startsWith('HTTP/') && !text.startsWith('HTTP/1.0') && !text.startsWith('HTTP/1.1')
    ? badAnswer.version
    : badAnswer.statusLine;
}

function statusAt(buffer: Buffer, at: number): number {
  let status = 0;
  for (let i = at; i < at + 3; i++) {
    const digit = byteAt(buffer, i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    status = status * 10 + digit;
  }
  return status;
}

function reasonPhrase(buffer: Buffer, status: number, start: number, end: number): string {
  if (status === 200 && end - start === 2 && buffer[start] === 0x4f && buffer[start + 1] === 0x4b) return 'OK';
  return latin1(buffer, start, end);
}

function fillFields(buffer: Buffer, head: ResponseHead, base: number, headEnd: number): Rejection | null {
  facts.contentLength = -1;
  facts.isChunked = false;
  facts.close = false;
  facts.keepAlive = false;
  head.keepAliveTimeoutSeconds = -1;
  resetLists();
  const text = latin1(buffer, base, headEnd);
  const { fields, fieldKinds } = head;
  const count = scan.count;
  for (let i = 0; i < count; i++) {
    const nameStart = marks[i * 4] as number;
    const name = text.substring(nameStart - base, (marks[i * 4 + 1] as number) - base);
    const value = text.substring((marks[i * 4 + 2] as number) - base, (marks[i * 4 + 3] as number) - base);
    const kind = nameClasses[i] === 1 ? plainNameKind(name, byteAt(buffer, nameStart)) : underscoreNameKind(name);
    fields[i * 2] = name;
    fields[i * 2 + 1] = value;
    fieldKinds[i] = kind;
    if (kind === FieldKind.plain) continue;
    const rejection = noteField(head, kind, value);
    if (rejection !== null) return rejection;
  }
  if (fieldKinds.length !== count) {
    fields.length = count * 2;
    fieldKinds.length = count;
  }
  return null;
}

function noteField(head: ResponseHead, kind: number, value: string): Rejection | null {
  switch (kind) {
    case FieldKind.contentLength:
      if (facts.contentLength >= 0) return badAnswer.contentLengthRepeated;
      facts.contentLength = parseDecimal(value);
      return facts.contentLength >= 0 ? null : badAnswer.contentLength;
    case FieldKind.transferEncoding:
      if (facts.isChunked || !isChunked(value)) return badAnswer.transferEncoding;
      facts.isChunked = true;
      return null;
    case FieldKind.connection:
      return noteConnection(value, facts) ? null : badAnswer.connection;
    case FieldKind.keepAlive:
      noteKeepAlive(head, value);
      return null;
    case FieldKind.framingTwin:
      return badAnswer.framingTwin;
    default:
      return null;
  }
}

/** Workers say the same in every answer: the last value and its meaning. */
const lastKeepAlive = { value: '', seconds: -1 };

/** `Keep-Alive: timeout=5, max=100`: only a whole number of seconds counts. */
function noteKeepAlive(head: ResponseHead, value: string): void {
  if (value !== lastKeepAlive.value) {
    lastKeepAlive.seconds = keepAliveTimeout(value);
    lastKeepAlive.value = value;
  }
  head.keepAliveTimeoutSeconds = lastKeepAlive.seconds;
}

function keepAliveTimeout(value: string): number {
  let timeout = -1;
  for (const part of splitList(value)) {
    if (part.length < 9 || part.substring(0, 8).toLowerCase() !== 'timeout=') continue;
    const seconds = parseDecimal(part.substring(8));
    if (seconds >= 0) timeout = seconds;
  }
  return timeout;
}

/** RFC 9112 6.3, without the choice between readings that it leaves open. */
function settle(head: ResponseHead): Rejection | null {
  const framed = facts.isChunked || facts.contentLength >= 0;
  if (facts.isChunked && facts.contentLength >= 0) return badAnswer.bothFramings;
  if (facts.isChunked && head.minorVersion === 0) return badAnswer.chunkedHttp10;
  if (head.status < 200 && (facts.isChunked || facts.contentLength > 0)) return badAnswer.interimFraming;
  if (facts.isChunked) head.framing = 'chunked';
  else head.framing = framed ? 'length' : 'close';
  head.contentLength = facts.contentLength >= 0 ? facts.contentLength : 0;
  head.connectionNames = presentNames(head.fields, head.fieldKinds);
  head.keepAlive = !facts.close && (head.minorVersion === 1 || facts.keepAlive);
  return null;
}
