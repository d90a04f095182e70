import { isToken } from './bytes.js';
import { trimOws } from './lists.js';
import { badRequest, transferCodingUnknown } from './rejections.js';
import type { Rejection } from './types.js';

/**
 * Only exactly one `chunked` is accepted (RFC 9112 6.1). Another well-formed list of codings is answered
 * 501, everything else 400.
 */
export function transferCodingVerdict(value: string): Rejection | null {
  if (isChunked(value)) return null;
  let unknown = false;
  for (const element of value.split(',')) {
    const name = trimOws(element);
    if (!isToken(name)) return badRequest.transferEncoding;
    if (!isChunked(name)) unknown = true;
  }
  return unknown ? transferCodingUnknown : badRequest.transferEncoding;
}

export function isChunked(value: string): boolean {
  return value === 'chunked' || (value.length === 7 && isAsciiLetters(value) && value.toLowerCase() === 'chunked');
}

function isAsciiLetters(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return false;
  return true;
}
