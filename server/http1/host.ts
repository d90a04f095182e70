// HOT: measured by test/bench/http1.bench.ts
import { hostBytesMax } from '../../config/base/limits.js';
import { COLON, DASH, DOT, parseDecimal, UNDERSCORE } from './bytes.js';
import { parseAddress } from './ip-address.js';

/**
 * Own, narrow grammar of Host and authority (RFC 9110 7.2, RFC 3986 3.2.2): letters, digits, `-`, `_` in
 * labels that are not empty; IPv4; IPv6 in brackets; port 1-65535 without leading zeros. Names with
 * percent-encoding, user information or bytes above 0x7f are refused.
 */
export interface Authority {
  /** Lower case, without port and trailing dot; IPv6 with brackets. */
  readonly host: string;
  /** 0 = none given. */
  readonly port: number;
}

export function parseAuthority(text: string): Authority | null {
  if (text.length === 0 || text.length > hostBytesMax + 6) return null;
  const bracket = text.charCodeAt(0) === 0x5b;
  const hostEnd = bracket ? text.indexOf(']') + 1 : nameEnd(text);
  if (hostEnd <= 0 || hostEnd > hostBytesMax) return null;
  let port = 0;
  if (hostEnd < text.length) {
    port = text.charCodeAt(hostEnd) === COLON ? parseDecimal(text.substring(hostEnd + 1)) : -1;
    if (port < 1 || port > 65_535) return null;
  }
  if (bracket) {
    const address = text.substring(1, hostEnd - 1);
    return address.includes(':') && parseAddress(address) !== null
      ? { host: `[${address.toLowerCase()}]`, port }
      : null;
  }
  const trailingDot = text.charCodeAt(hostEnd - 1) === DOT;
  const host = text.substring(0, trailingDot ? hostEnd - 1 : hostEnd).toLowerCase();
  return host === '' ? null : { host, port };
}

/** End of a name of non-empty labels (one trailing dot allowed), or 0 when the name is invalid. */
function nameEnd(text: string): number {
  let labelStart = 0;
  let i = 0;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) break;
    if (code === DOT) {
      if (i === labelStart) return 0;
      labelStart = i + 1;
      continue;
    }
    const lower = code | 0x20;
    const letter = lower >= 0x61 && lower <= 0x7a && code < 0x80;
    if (!letter && !(code >= 0x30 && code <= 0x39) && code !== DASH && code !== UNDERSCORE) return 0;
  }
  return i;
}

/** Do two authorities name the same origin of this scheme? A missing port is the scheme's default. */
export function isSameAuthority(a: Authority, b: Authority, defaultPort: number): boolean {
  return a.host === b.host && (a.port === 0 ? defaultPort : a.port) === (b.port === 0 ? defaultPort : b.port);
}
