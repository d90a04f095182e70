// HOT: measured by test/bench/http2.bench.ts
/** Integers of RFC 7541 5.1. One is read at a time: the offset behind it stands in `integer.at`. */
export const integer = { at: 0 };

/** No integer of HPACK that makes sense here is larger; more continuation bytes are refused. */
const shiftMax = 21;

/**
 * Reads the integer whose prefix of `prefixBits` bits is in `buffer[at]`. Returns -1 when it does not end before
 * `end` or is larger than 2^28.
 */
export function readInteger(buffer: Uint8Array, at: number, end: number, prefixBits: number): number {
  if (at >= end) return -1;
  const mask = (1 << prefixBits) - 1;
  let value = (buffer[at] as number) & mask;
  let i = at + 1;
  if (value === mask) {
    for (let shift = 0; ; shift += 7) {
      if (i >= end || shift > shiftMax) return -1;
      const byte = buffer[i++] as number;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
  }
  integer.at = i;
  return value;
}

/** Writes `value` behind the bits that `first` holds above the prefix. @returns the offset behind it. */
export function writeInteger(buffer: Uint8Array, at: number, first: number, prefixBits: number, value: number): number {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    buffer[at] = first | value;
    return at + 1;
  }
  buffer[at] = first | mask;
  let rest = value - mask;
  let i = at + 1;
  while (rest >= 0x80) {
    buffer[i++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[i] = rest;
  return i + 1;
}
