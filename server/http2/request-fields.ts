// HOT: measured by test/bench/http2.bench.ts
import {
  headerBlockBytesMax,
  headerFieldsMax,
  http2FieldLinesMax,
  requestLineBytesMax,
} from '../../config/base/limits.js';
import { isToken, parseDecimal } from '../http1/bytes.js';
import { noteTrailer } from '../http1/connection-lists.js';
import { FieldKind } from '../http1/field-kinds.js';
import { isSameAuthority, parseAuthority } from '../http1/host.js';
import * as refused from '../http1/rejections.js';
import { contentLengthVerdict } from '../http1/request-head.js';
import { isKnownMethod, isTargetText } from '../http1/request-line.js';
import type { Rejection, RequestHead } from '../http1/types.js';
import { firstPseudoKind, lastPseudoKind, NameKind } from './field-names.js';
import type { FieldEntry } from './field-table.js';
import type { HpackDecoder } from './hpack-decoder.js';

const bad = refused.badRequest;

/** What the lines of the block being read said; one block is read at a time. */
const facts: {
  /** By `NameKind` from `method` to `protocol`; null = absent. */
  pseudo: (string | null)[];
  hasRegular: boolean;
  host: string | null;
  contentLength: number;
  cookieAt: number;
  expects: number;
  isContinue: boolean;
  rejection: Rejection | null;
} = {
  pseudo: [null, null, null, null, null, null],
  hasRegular: false,
  host: null,
  contentLength: -1,
  cookieAt: -1,
  expects: 0,
  isContinue: false,
  rejection: null,
};

/** A worker of HTTP/1.1 expects one from a WebSocket client; RFC 8441 5 has none. Nothing depends on its value. */
const webSocketKey = 'c2x1aWNlLWh0dHAyLWtleQ==';

/**
 * Fills `head` from the lines of a request (RFC 9113 8.1 to 8.5, RFC 8441 4), as strictly as `parseRequestHead`. Returns
 * why the request is malformed ('' = it is not): its stream is reset. What is well formed and refused all the same has
 * `head.rejection`. `isEnd`: no body follows.
 */
export function readRequest(
  decoder: HpackDecoder,
  head: RequestHead,
  isEnd: boolean,
  schemes: 'https' | 'any',
): string {
  facts.pseudo.fill(null);
  facts.hasRegular = false;
  facts.host = null;
  facts.contentLength = -1;
  facts.cookieAt = -1;
  facts.expects = 0;
  facts.isContinue = false;
  facts.rejection = null;
  head.announcedTrailers = null;
  head.neverIndexed = decoder.neverIndexed;
  head.hasUnderscoreNames = false;
  head.connectionNames = null;
  head.minorVersion = 1;
  head.keepAlive = true;
  // The first place is for the host.
  head.fields.length = 2;
  head.fieldKinds.length = 1;
  const { entries, count } = decoder;
  for (let i = 0; i < count; i++) {
    const reason = takeLine(head, entries[i] as FieldEntry);
    if (reason !== '') return reason;
  }
  if (decoder.isTooLarge) {
    tooLarge(head, decoder);
    return '';
  }
  return settle(head, isEnd, schemes);
}

function takeLine(head: RequestHead, entry: FieldEntry): string {
  const { kind } = entry;
  if (kind === NameKind.invalid) return 'FieldName';
  if (!entry.isValueValid) return 'FieldValue';
  if (kind < firstPseudoKind) {
    facts.hasRegular = true;
    return kind === FieldKind.plain ? take(head, entry, kind) : takeSpecial(head, entry);
  }
  if (kind > lastPseudoKind) {
    facts.hasRegular = true;
    return takeHttp2(head, entry);
  }
  if (kind === NameKind.status) return 'PseudoFieldUnknown';
  if (facts.hasRegular) return 'PseudoFieldLate';
  if (facts.pseudo[kind - firstPseudoKind] !== null) return 'PseudoFieldRepeated';
  facts.pseudo[kind - firstPseudoKind] = entry.value;
  return '';
}

function take(head: RequestHead, entry: FieldEntry, kind: number): string {
  head.fields.push(entry.name, entry.value);
  head.fieldKinds.push(kind);
  return '';
}

/** Fields that mean something to HTTP/2 itself. */
function takeHttp2(head: RequestHead, entry: FieldEntry): string {
  if (entry.kind === NameKind.connectionSpecific) return 'ConnectionField';
  if (entry.kind === NameKind.te) {
    return entry.value.toLowerCase() === 'trailers' ? take(head, entry, FieldKind.hop) : 'Te';
  }
  // Crumbs of Cookie become one line again (RFC 9113 8.2.3).
  if (facts.cookieAt < 0) {
    facts.cookieAt = head.fields.length + 1;
    return take(head, entry, FieldKind.plain);
  }
  head.fields[facts.cookieAt] += `; ${entry.value}`;
  return '';
}

/** Fields with rules of their own, as in server/http1. */
function takeSpecial(head: RequestHead, entry: FieldEntry): string {
  const { kind, value } = entry;
  switch (kind) {
    case FieldKind.host:
      if (facts.host !== null) return 'HostRepeated';
      facts.host = value;
      return '';
    case FieldKind.contentLength:
      if (facts.contentLength >= 0) return 'ContentLengthRepeated';
      facts.contentLength = parseDecimal(value);
      if (facts.contentLength >= 0) break;
      if (contentLengthVerdict(value) !== refused.contentLengthTooLarge) return 'ContentLength';
      refuse(refused.contentLengthTooLarge);
      facts.contentLength = Number.MAX_SAFE_INTEGER;
      break;
    case FieldKind.expect:
      facts.expects++;
      facts.isContinue = value === '100-continue';
      break;
    case FieldKind.trailer:
      if (!noteTrailer(head, value)) refuse(bad.trailer);
      break;
    case FieldKind.underscore:
      head.hasUnderscoreNames = true;
      break;
    case FieldKind.framingTwin:
      refuse(bad.framingTwin);
      break;
    default:
  }
  return take(head, entry, kind);
}

/** The first reason stays. */
function refuse(rejection: Rejection): void {
  facts.rejection ??= rejection;
}

/** A head over the limits: what was kept of it says nothing, only the method is good for the log. */
function tooLarge(head: RequestHead, decoder: HpackDecoder): void {
  const method = facts.pseudo[0] ?? '';
  head.method = isKnownMethod(method) ? method : 'GET';
  head.target = '/';
  head.path = '/';
  head.hostField = '';
  head.host = '';
  head.fields.length = 0;
  head.fieldKinds.length = 0;
  head.framing = 'none';
  head.contentLength = 0;
  head.expectContinue = false;
  head.upgradeWebSocket = false;
  const isMany = decoder.count === http2FieldLinesMax && decoder.listBytes <= headerBlockBytesMax;
  head.rejection = isMany ? bad.tooManyFields : bad.headerBlockTooLarge;
}

/** Rules across lines. */
function settle(head: RequestHead, isEnd: boolean, schemes: 'https' | 'any'): string {
  const [method = null, scheme = null, authority = null, path = null, protocol = null] = facts.pseudo;
  if (method === null || !isToken(method)) return 'Method';
  head.upgradeWebSocket = false;
  if (method === 'CONNECT' && protocol === null) {
    // RFC 9113 8.5: only :method and :authority.
    if (scheme !== null || path !== null || authority === null) return 'Connect';
    head.target = '/';
    refuse(refused.methodNotAllowed);
  } else {
    const reason = settleTarget(head, method, scheme, path, protocol, schemes);
    if (reason !== '') return reason;
  }
  head.method = method;
  const query = head.target.indexOf('?');
  head.path = query < 0 ? head.target : head.target.substring(0, query);
  const reason = settleBody(head, isEnd) || settleHost(head, authority, scheme ?? 'http');
  if (reason !== '') return reason;
  if (protocol !== null) settleProtocol(head, protocol);
  if (facts.expects > 0 && (facts.expects > 1 || !facts.isContinue)) refuse(refused.expectationFailed);
  head.expectContinue = facts.expects > 0 && head.framing !== 'none';
  if (head.fieldKinds.length > headerFieldsMax) refuse(bad.tooManyFields);
  head.rejection = facts.rejection;
  return '';
}

function settleTarget(
  head: RequestHead,
  method: string,
  scheme: string | null,
  path: string | null,
  protocol: string | null,
  schemes: 'https' | 'any',
): string {
  if (scheme === null || path === null || path === '') return scheme === null ? 'Scheme' : 'Path';
  if (scheme !== 'https' && (scheme !== 'http' || schemes === 'https')) return 'Scheme';
  if (protocol !== null && method !== 'CONNECT') return 'Protocol';
  if (path.charCodeAt(0) !== 0x2f && (path !== '*' || method !== 'OPTIONS')) return 'Path';
  head.target = path;
  if (!isTargetText(path)) refuse(bad.target);
  // As long as a request line may be: method, target, version and two spaces.
  if (method.length + path.length + 10 > requestLineBytesMax) refuse(refused.requestLineTooLong);
  if (method !== 'CONNECT' && !isKnownMethod(method)) refuse(refused.methodUnknown);
  return '';
}

function settleBody(head: RequestHead, isEnd: boolean): string {
  const { contentLength } = facts;
  head.contentLength = Math.max(0, contentLength);
  if (isEnd && contentLength > 0) return 'ContentLengthDiffers';
  if (isEnd || contentLength === 0) head.framing = 'none';
  else head.framing = contentLength > 0 ? 'length' : 'chunked';
  return '';
}

/** RFC 9113 8.3.1: the authority, or Host; where both stand they agree. */
function settleHost(head: RequestHead, authority: string | null, scheme: string): string {
  const value = authority ?? facts.host;
  if (value === null) {
    head.hostField = '';
    head.host = '';
    head.fields[0] = 'host';
    head.fields[1] = '';
    head.fieldKinds[0] = FieldKind.host;
    refuse(bad.hostMissing);
    return '';
  }
  if (value !== head.hostField || head.host === '') {
    const parsed = parseAuthority(value);
    head.hostField = value;
    head.host = parsed?.host ?? '';
    if (parsed === null) refuse(bad.hostInvalid);
  }
  head.fields[0] = 'host';
  head.fields[1] = value;
  head.fieldKinds[0] = FieldKind.host;
  if (authority !== null && facts.host !== null && facts.host !== authority) {
    const [a, b] = [parseAuthority(authority), parseAuthority(facts.host)];
    if (a === null || b === null || !isSameAuthority(a, b, scheme === 'https' ? 443 : 80)) return 'HostDiffers';
  }
  return '';
}

/** Extended CONNECT becomes the upgrade that a worker of HTTP/1.1 knows. */
function settleProtocol(head: RequestHead, protocol: string): void {
  if (protocol !== 'websocket') {
    refuse(refused.methodUnknown);
    return;
  }
  if (facts.contentLength > 0) refuse(bad.upgradeWithBody);
  head.method = 'GET';
  head.framing = 'none';
  head.upgradeWebSocket = true;
  const { fields, fieldKinds } = head;
  for (let i = fieldKinds.length - 1; i > 0; i--) {
    if (fields[i * 2] !== 'sec-websocket-key') continue;
    fields.splice(i * 2, 2);
    fieldKinds.splice(i, 1);
  }
  fields.push('connection', 'Upgrade', 'upgrade', 'websocket', 'sec-websocket-key', webSocketKey);
  fieldKinds.push(FieldKind.connection, FieldKind.upgrade, FieldKind.plain);
}
