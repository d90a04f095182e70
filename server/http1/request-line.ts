// HOT: measured by test/bench/http1.bench.ts
import { requestLineBytesMax } from '../../config/base/limits.js';
import { byteAt, CR, endOfValue, HASH, LF, latin1, nameClass, SLASH, SP } from './bytes.js';
import { badRequest, methodNotAllowed, methodUnknown, requestLineTooLong, versionNotSupported } from './rejections.js';
import type { Rejection } from './types.js';

/**
 * The methods that Node's own server knows; an app in a hosted Node never sees another, so the
 * listener refuses the rest for every hosting model. CONNECT has its own answer.
 */
export const methods: readonly string[] = [
  'ACL',
  'BIND',
  'CHECKOUT',
  'COPY',
  'DELETE',
  'GET',
  'HEAD',
  'LINK',
  'LOCK',
  'M-SEARCH',
  'MERGE',
  'MKACTIVITY',
  'MKCALENDAR',
  'MKCOL',
  'MOVE',
  'NOTIFY',
  'OPTIONS',
  'PATCH',
  'POST',
  'PROPFIND',
  'PROPPATCH',
  'PURGE',
  'PUT',
  'QUERY',
  'REBIND',
  'REPORT',
  'SEARCH',
  'SOURCE',
  'SUBSCRIBE',
  'TRACE',
  'UNBIND',
  'UNLINK',
  'UNLOCK',
  'UNSUBSCRIBE',
];
const known = new Map<string, string>(methods.map((method) => [method, method]));

/** Visible ASCII without `#`: the bytes of a request target. What a target may not hold goes no further. */
const targetClass = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code++) targetClass[code] = 1;
targetClass[HASH] = 0;

/** Result of the last `scanRequestLine`; offsets are those of the buffer. */
export const line: {
  method: string;
  targetStart: number;
  targetEnd: number;
  minorVersion: 0 | 1;
  /** First byte of the line, behind one tolerated empty line. */
  start: number;
  rejection: Rejection | null;
} = { method: '', targetStart: 0, targetEnd: 0, minorVersion: 1, start: 0, rejection: null };

function refuse(rejection: Rejection): number {
  line.rejection = rejection;
  return -1;
}

/** RFC 9112 3: `method SP target SP HTTP/1.x CRLF`. Returns the offset behind it, 0 incomplete, -1 refused. */
export function scanRequestLine(buffer: Buffer, start: number, end: number): number {
  let i = start;
  if (i < end && buffer[i] === CR) {
    if (i + 1 >= end) return 0;
    if (buffer[i + 1] !== LF) return refuse(badRequest.bareCr);
    i += 2;
  }
  line.start = i;
  const methodStart = i;
  while (i < end && nameClass[byteAt(buffer, i)] !== 0) i++;
  const methodEnd = i;
  if (i >= end || buffer[i] !== SP || i === methodStart) return judgeLine(buffer, methodStart, end);
  const targetStart = ++i;
  while (i < end && targetClass[byteAt(buffer, i)] !== 0) i++;
  if (i >= end || buffer[i] !== SP || i === targetStart) return judgeLine(buffer, methodStart, end);
  const targetEnd = i++;
  const lineEnd = i + 8;
  if (lineEnd + 2 > end || !isHttp1(buffer, i) || buffer[lineEnd] !== CR || buffer[lineEnd + 1] !== LF) {
    return judgeLine(buffer, methodStart, end);
  }
  if (lineEnd - methodStart > requestLineBytesMax) return refuse(requestLineTooLong);
  const method = methodAt(buffer, methodStart, methodEnd);
  if (method === '') return refuse(isConnect(buffer, methodStart, methodEnd) ? methodNotAllowed : methodUnknown);
  line.method = method;
  line.targetStart = targetStart;
  line.targetEnd = targetEnd;
  line.minorVersion = buffer[i + 7] === 0x31 ? 1 : 0;
  return lineEnd + 2;
}

/** `HTTP/1.0` or `HTTP/1.1` at `i`. */
export function isHttp1(buffer: Uint8Array, i: number): boolean {
  return (
    buffer[i] === 0x48 &&
    buffer[i + 1] === 0x54 &&
    buffer[i + 2] === 0x54 &&
    buffer[i + 3] === 0x50 &&
    buffer[i + 4] === SLASH &&
    buffer[i + 5] === 0x31 &&
    buffer[i + 6] === 0x2e &&
    (buffer[i + 7] === 0x31 || buffer[i + 7] === 0x30)
  );
}

function methodAt(buffer: Buffer, start: number, end: number): string {
  const first = buffer[start];
  if (first === 0x47 && end - start === 3 && buffer[start + 1] === 0x45 && buffer[start + 2] === 0x54) return 'GET';
  return end - start > 16 ? '' : (known.get(latin1(buffer, start, end)) ?? '');
}

/** One of `methods`. */
export function isKnownMethod(method: string): boolean {
  return known.has(method);
}

/** Visible ASCII without `#`, as in a request line. */
export function isTargetText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (targetClass[text.charCodeAt(i)] === 0) return false;
  return true;
}

function isConnect(buffer: Buffer, start: number, end: number): boolean {
  return end - start === 7 && latin1(buffer, start, end) === 'CONNECT';
}

/** A line that is not (yet) good: incomplete, or the reason. Cold, and the same for every split. */
function judgeLine(buffer: Buffer, start: number, end: number): number {
  const stop = Math.min(end, start + requestLineBytesMax);
  const i = endOfValue(buffer, start, stop);
  if (i >= end) return 0;
  if (buffer[i] === LF) return refuse(badRequest.bareLf);
  if (buffer[i] !== CR) return refuse(i >= start + requestLineBytesMax ? requestLineTooLong : badRequest.control);
  if (i + 1 >= end) return 0;
  if (buffer[i + 1] !== LF) return refuse(badRequest.bareCr);
  return refuse(judgeLineText(latin1(buffer, start, i)));
}

function judgeLineText(text: string): Rejection {
  const parts = text.split(' ');
  if (parts.length !== 3 || text.includes('\t')) return badRequest.requestLine;
  const [method = '', target = '', version = ''] = parts;
  for (let i = 0; i < method.length; i++) if (nameClass[method.charCodeAt(i)] === 0) return badRequest.requestLine;
  if (method === '' || target === '') return badRequest.requestLine;
  if (!isTargetText(target)) return badRequest.target;
  return isVersion(version) ? versionNotSupported : badRequest.version;
}

function isVersion(text: string): boolean {
  return (
    text.length === 8 &&
    text.startsWith('HTTP/') &&
    text[6] === '.' &&
    isDigit(text.charCodeAt(5)) &&
    isDigit(text.charCodeAt(7))
  );
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
