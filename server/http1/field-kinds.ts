// HOT: measured by test/bench/http1.bench.ts
import { invariant } from '../../config/base/invariant.js';

/**
 * What a field name means to the forwarding rules. A name is classified once, when its head is parsed;
 * ordinary names (nearly all) are recognised by length and first letter alone.
 */
export const FieldKind = {
  plain: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  upgrade: 5,
  expect: 6,
  trailer: 7,
  keepAlive: 8,
  date: 9,
  /** Hop-by-hop by name (RFC 9110 7.6.1): never travels on. */
  hop: 10,
  /** Ours or dangerous (`ms-aspnetcore*`, `proxy`, look-alikes of protected names): always deleted. */
  forbidden: 11,
  /** Believed only from a trusted proxy. */
  forwarded: 12,
  forwardedFor: 13,
  forwardedProto: 14,
  /** Has `_` or `.`, and is no look-alike: `underscoresInHeaders` decides. */
  underscore: 15,
  /** Look-alike of a framing field: the message is refused. */
  framingTwin: 16,
} as const;

const exact = new Map<string, number>([
  ['host', FieldKind.host],
  ['content-length', FieldKind.contentLength],
  ['transfer-encoding', FieldKind.transferEncoding],
  ['connection', FieldKind.connection],
  ['upgrade', FieldKind.upgrade],
  ['expect', FieldKind.expect],
  ['trailer', FieldKind.trailer],
  ['keep-alive', FieldKind.keepAlive],
  ['date', FieldKind.date],
  ['te', FieldKind.hop],
  ['proxy-connection', FieldKind.hop],
  ['proxy-authorization', FieldKind.hop],
  ['http2-settings', FieldKind.hop],
  ['proxy', FieldKind.forbidden],
  ['forwarded', FieldKind.forwarded],
  ['x-real-ip', FieldKind.forwarded],
  ['x-rewrite-url', FieldKind.forwarded],
  ['x-forwarded-for', FieldKind.forwardedFor],
  ['x-forwarded-proto', FieldKind.forwardedProto],
]);

/** Names for which a look-alike (`_` or `.` instead of `-`) refuses the message. */
const framing: ReadonlySet<number> = new Set([
  FieldKind.host,
  FieldKind.contentLength,
  FieldKind.transferEncoding,
  FieldKind.connection,
  FieldKind.expect,
  FieldKind.upgrade,
  FieldKind.trailer,
]);

const isProtected: ReadonlySet<number> = new Set([
  FieldKind.forbidden,
  FieldKind.forwarded,
  FieldKind.forwardedFor,
  FieldKind.forwardedProto,
]);

/**
 * One slot per (length, first letter): the special names happen to be alone in theirs, which `place` asserts.
 * So an ordinary name is recognised by one load, and a special one by one comparison.
 */
const slotLengths = 32;
const slotNames: string[] = Array.from({ length: slotLengths * 32 }, () => '');
const slotUsualNames: string[] = [...slotNames];
const slotKinds = new Uint8Array(slotLengths * 32);

function slotOf(length: number, firstByte: number): number {
  return length < slotLengths ? length * 32 + (firstByte & 31) : 0;
}

for (const [name, kind] of exact) {
  const slot = slotOf(name.length, name.charCodeAt(0));
  invariant(slotNames[slot] === '', `${name} shares its slot with ${slotNames[slot]}`);
  slotNames[slot] = name;
  slotUsualNames[slot] = name
    .split('-')
    .map((word) => word.substring(0, 1).toUpperCase() + word.substring(1))
    .join('-');
  slotKinds[slot] = kind;
}

/** Kind of a name without `_` and `.`; `firstByte` is its first byte in any case. */
export function plainNameKind(name: string, firstByte: number): number {
  const slot = slotOf(name.length, firstByte);
  const special = slotNames[slot] as string;
  if (special !== '' && (name === slotUsualNames[slot] || name === special || name.toLowerCase() === special)) {
    return slotKinds[slot] as number;
  }
  return mayHaveProtectedPrefix(name, firstByte | 0x20) ? prefixKind(name.toLowerCase()) : FieldKind.plain;
}

/** `x-f`, `x-o` and `ms` start the protected prefixes. */
function mayHaveProtectedPrefix(name: string, first: number): boolean {
  if (name.length < 11 || (first !== 0x78 && first !== 0x6d)) return false;
  if (first === 0x6d) return (name.charCodeAt(1) | 0x20) === 0x73;
  const third = name.charCodeAt(2) | 0x20;
  return third === 0x66 || third === 0x6f;
}

function prefixKind(name: string): number {
  if (name.startsWith('ms-aspnetcore')) return FieldKind.forbidden;
  if (name.startsWith('x-forwarded-') || name.startsWith('x-original-')) return FieldKind.forwarded;
  return FieldKind.plain;
}

/** Kind of a name that holds `_` or `.`: judged by its form with `-`. */
export function underscoreNameKind(name: string): number {
  const mapped = name.toLowerCase().replaceAll('_', '-').replaceAll('.', '-');
  const kind = exact.get(mapped) ?? prefixKind(mapped);
  if (framing.has(kind)) return FieldKind.framingTwin;
  return isProtected.has(kind) ? FieldKind.forbidden : FieldKind.underscore;
}

/** Kind of any name (trailers, names that did not come through a head parser). */
export function fieldKind(name: string): number {
  if (name.includes('_') || name.includes('.')) return underscoreNameKind(name);
  return plainNameKind(name, name.length === 0 ? 0 : name.charCodeAt(0));
}

/** Fields that RFC 9110 6.5.1 keeps out of trailers (framing, routing, authentication, content format, control). */
const notInTrailers: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'range',
  'retry-after',
  'set-cookie',
  'vary',
  'warning',
  'www-authenticate',
]);

/** May a trailer of this name travel on? */
export function isTrailerAllowed(name: string): boolean {
  const kind = fieldKind(name);
  if (kind === FieldKind.underscore)
    return !notInTrailers.has(name.toLowerCase().replaceAll('_', '-').replaceAll('.', '-'));
  return kind === FieldKind.plain && !notInTrailers.has(name.toLowerCase());
}
