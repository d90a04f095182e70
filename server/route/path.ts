/**
 * Canonical paths, used for matching only: workers get the raw path. Percent-decoded once (`%2F` and `%5C` stay
 * as they are), `//` merged, dot segments removed (RFC 3986 5.2.4, 6.2.2).
 */
const percent = 0x25;
const slash = 0x2f;
const dot = 0x2e;
const backslash = 0x5c;

/** Nothing in the path could make the canonical form differ from it (apart from case). */
export function isPlainPath(path: string): boolean {
  let previous = 0;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code === percent || code === backslash) return false;
    if ((code === dot || code === slash) && previous === slash) return false;
    previous = code;
  }
  return true;
}

/** null = the path is refused: bad escape, `%00`, `\`, or dot segments that climb above the root. */
export function canonicalPath(path: string): string | null {
  const decoded = decodeOnce(path);
  if (decoded === null || decoded.charCodeAt(0) !== slash) return null;
  const segments = decoded.split('/');
  const kept: string[] = [];
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] ?? '';
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.pop() === undefined) return null;
  }
  const last = segments[segments.length - 1];
  const isFolder = last === '' || last === '.' || last === '..';
  return kept.length === 0 ? '/' : `/${kept.join('/')}${isFolder ? '/' : ''}`;
}

function decodeOnce(path: string): string | null {
  let out = '';
  let copied = 0;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code === backslash) return null;
    if (code !== percent) continue;
    const byte = hexPair(path, i + 1);
    if (byte <= 0) return null;
    if (byte !== slash && byte !== backslash) {
      out += path.substring(copied, i) + String.fromCharCode(byte);
      copied = i + 3;
    }
    i += 2;
  }
  return copied === 0 ? path : out + path.substring(copied);
}

/** Value of two hexadecimal digits at `i`, or -1. */
function hexPair(text: string, i: number): number {
  const high = i + 1 < text.length ? hexDigit(text.charCodeAt(i)) : -1;
  const low = i + 1 < text.length ? hexDigit(text.charCodeAt(i + 1)) : -1;
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 && code < 0x80 ? lower - 0x57 : -1;
}

/** ASCII lower case only: bytes above 0x7f are parts of UTF-8 sequences, not latin1 letters. */
export function asciiLower(text: string): string {
  let out = '';
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x41 || code > 0x5a) continue;
    out += text.substring(copied, i) + String.fromCharCode(code | 0x20);
    copied = i + 1;
  }
  return copied === 0 ? text : out + text.substring(copied);
}

/** A configured path as clients write it in a URL. */
export function urlPath(path: string): string {
  try {
    return encodeURI(path);
  } catch {
    // A lone surrogate has no UTF-8 form, so that no request can ever name this path.
    return path;
  }
}
