import { COLON, DOT, hexValue, parseDecimal } from './bytes.js';

/** An address as eight 16-bit groups; IPv4 stands as `::ffff:a.b.c.d`, so both families compare alike. */
export type AddressGroups = Uint16Array;

/** Parses a literal IPv4 or IPv6 address (RFC 4291 2.2, no zone, no brackets); null = neither. */
export function parseAddress(text: string): AddressGroups | null {
  if (text.length < 2 || text.length > 45) return null;
  return text.includes(':') ? parseIPv6(text) : parseMappedIPv4(text);
}

function parseMappedIPv4(text: string): AddressGroups | null {
  const groups = new Uint16Array(8);
  groups[5] = 0xffff;
  return writeIPv4(text, groups, 6) ? groups : null;
}

/** Four decimal numbers without leading zeros into two groups at `at`. */
function writeIPv4(text: string, groups: AddressGroups, at: number): boolean {
  const parts = text.split('.');
  if (parts.length !== 4) return false;
  for (let i = 0; i < 4; i++) {
    const number = parseDecimal(parts[i] as string);
    if (number < 0 || number > 255) return false;
    const group = at + (i >> 1);
    groups[group] = ((groups[group] ?? 0) << 8) | number;
  }
  return true;
}

function parseIPv6(text: string): AddressGroups | null {
  const gap = text.indexOf('::');
  if (gap < 0) {
    const groups = readGroups(text);
    return groups !== null && groups.length === 8 ? Uint16Array.from(groups) : null;
  }
  if (text.indexOf('::', gap + 1) >= 0) return null;
  const left = gap === 0 ? [] : readGroups(text.slice(0, gap));
  const right = gap + 2 === text.length ? [] : readGroups(text.slice(gap + 2));
  if (left === null || right === null || left.length + right.length > 7) return null;
  if (gap > 0 && text.charCodeAt(gap - 1) === DOT) return null;
  const groups = new Uint16Array(8);
  groups.set(left, 0);
  groups.set(right, 8 - right.length);
  return groups;
}

/** Colon-separated groups; the last may be an IPv4 address and then counts twice. */
function readGroups(text: string): number[] | null {
  const groups: number[] = [];
  const parts = text.split(':');
  if (parts.length > 8) return null;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (part.includes('.')) {
      const pair = new Uint16Array(2);
      if (i !== parts.length - 1 || !writeIPv4(part, pair, 0)) return null;
      groups.push(pair[0] ?? 0, pair[1] ?? 0);
      continue;
    }
    if (part.length === 0 || part.length > 4) return null;
    let value = 0;
    for (let k = 0; k < part.length; k++) {
      const code = part.charCodeAt(k);
      const digit = code < 256 ? (hexValue[code] as number) : 255;
      if (digit === 255) return null;
      value = value * 16 + digit;
    }
    groups.push(value);
  }
  return groups;
}

/** `::ffff:a.b.c.d` (an IPv4 peer on a dual-stack socket) in its plain form; anything else unchanged. */
export function plainAddress(address: string): string {
  const mapped =
    address.charCodeAt(0) === COLON && address.includes('.') && address.slice(0, 7).toLowerCase() === '::ffff:';
  return mapped ? address.slice(7) : address;
}

/** The text of RFC 5952: lower case, the longest run of zeros as `::`; IPv4 as four numbers. */
export function formatAddress(groups: ArrayLike<number>): string {
  const all = Array.from({ length: 8 }, (_, index) => groups[index] ?? 0);
  if (all[5] === 0xffff && all.slice(0, 5).every((group) => group === 0)) {
    const [high = 0, low = 0] = all.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const { start, length } = longestZeros(all);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? text(all) : `${text(all.slice(0, start))}::${text(all.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** Who counts as one client: an IPv4 address, or the /64 that one IPv6 subscriber has at the least. */
export function addressKey(address: string): string {
  const groups = address.includes(':') ? parseAddress(address) : null;
  return groups === null ? address : `${formatAddress([...groups.subarray(0, 4), 0, 0, 0, 0])}/64`;
}
