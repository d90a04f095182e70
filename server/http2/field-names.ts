import { nameClass, valueClass } from '../http1/bytes.js';
import { plainNameKind, underscoreNameKind } from '../http1/field-kinds.js';

/**
 * What a name of a header block means: the kinds of server/http1 for ordinary fields, and these. Decided once,
 * when the name enters a block or the dynamic table.
 */
export const NameKind = {
  method: 32,
  scheme: 33,
  authority: 34,
  path: 35,
  /** RFC 8441. */
  protocol: 36,
  status: 37,
  /** May come in crumbs (RFC 9113 8.2.3). */
  cookie: 38,
  te: 39,
  /** Connection-specific (8.2.2): makes a message malformed. */
  connectionSpecific: 40,
  /** Upper case, a byte that is no token, empty, or a pseudo-header field that RFC 9113 and 8441 do not know. */
  invalid: 41,
} as const;

/** Kinds from here on are ours, not those of server/http1. */
export const firstPseudoKind: number = NameKind.method;
export const lastPseudoKind: number = NameKind.status;

const special: ReadonlyMap<string, number> = new Map([
  [':method', NameKind.method],
  [':scheme', NameKind.scheme],
  [':authority', NameKind.authority],
  [':path', NameKind.path],
  [':protocol', NameKind.protocol],
  [':status', NameKind.status],
  ['cookie', NameKind.cookie],
  ['te', NameKind.te],
  ['connection', NameKind.connectionSpecific],
  ['proxy-connection', NameKind.connectionSpecific],
  ['keep-alive', NameKind.connectionSpecific],
  ['transfer-encoding', NameKind.connectionSpecific],
  ['upgrade', NameKind.connectionSpecific],
]);

export function nameKind(name: string): number {
  const known = special.get(name);
  if (known !== undefined) return known;
  let seen = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const cls = nameClass[code] as number;
    if (cls === 0 || (code >= 0x41 && code <= 0x5a)) return NameKind.invalid;
    seen |= cls;
  }
  if (seen === 0) return NameKind.invalid;
  return seen === 1 ? plainNameKind(name, name.charCodeAt(0)) : underscoreNameKind(name);
}

/** No control byte but HTAB, no white space at either end (RFC 9113 8.2.1). */
export function isValueValid(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  if (isWhite(value.charCodeAt(0)) || isWhite(value.charCodeAt(length - 1))) return false;
  for (let i = 0; i < length; i++) if (valueClass[value.charCodeAt(i)] === 0) return false;
  return true;
}

function isWhite(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
