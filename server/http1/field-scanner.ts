// HOT: measured by test/bench/http1.bench.ts
import { byteAt, COLON, CR, endOfValue, HTAB, LF, nameClass, SP, valueClass } from './bytes.js';
import type { Rejection } from './types.js';

/** The reasons this scanner needs; requests and answers bring their own words. */
export interface LineVocabulary {
  readonly bareLf: Rejection;
  readonly bareCr: Rejection;
  readonly control: Rejection;
  readonly fieldName: Rejection;
  readonly fieldWithoutColon: Rejection;
  readonly obsFold: Rejection;
  readonly headerBlockTooLarge: Rejection;
  readonly tooManyFields: Rejection;
}

const fieldsCapacity = 256;

/**
 * Result of the last `scanFields`, valid until the next call: one scan runs at a time, so the marks are
 * shared by all connections. Offsets are those of the buffer: name, end of name, value, end of value.
 */
export const marks = new Int32Array(4 * fieldsCapacity);
/** Not 1 (bit 2 set) when the name holds `_` or `.`. */
export const nameClasses = new Uint8Array(fieldsCapacity);
export const scan: { count: number; rejection: Rejection | null } = { count: 0, rejection: null };

function refuse(rejection: Rejection): number {
  scan.rejection = rejection;
  return -1;
}

/**
 * Finds the field lines of RFC 9112 5 from `start` on. Returns the offset behind the empty line that
 * ends them, 0 when it is not there yet, -1 with `scan.rejection`.
 *
 * The verdict is that of the first bad byte (control, bare CR or LF, limit) or of the first complete bad
 * line, whatever comes first: bytes that are still missing never change it, so every split agrees.
 */
export function scanFields(
  buffer: Uint8Array,
  start: number,
  end: number,
  words: LineVocabulary,
  bytesMax: number,
  fieldsMax: number,
): number {
  const blockEnd = start + bytesMax;
  const stop = end < blockEnd ? end : blockEnd;
  let count = 0;
  let i = start;
  for (;;) {
    if (i >= end) return 0;
    if (buffer[i] === CR) {
      if (i + 1 >= end) return 0;
      if (buffer[i + 1] !== LF) return refuse(words.bareCr);
      scan.count = count;
      return i + 2;
    }
    const nameStart = i;
    let seen = 0;
    let cls = 0;
    while (i < stop && (cls = nameClass[byteAt(buffer, i)] as number) !== 0) {
      seen |= cls;
      i++;
    }
    if (i === nameStart || i >= stop || buffer[i] !== COLON) {
      return refuseLine(buffer, nameStart, i, end, blockEnd, words);
    }
    const nameEnd = i++;
    while (i < stop && (buffer[i] === SP || buffer[i] === HTAB)) i++;
    const valueStart = i;
    i = endOfValue(buffer, i, stop);
    if (i + 1 >= stop || buffer[i] !== CR || buffer[i + 1] !== LF) {
      return refuseLine(buffer, nameStart, i, end, blockEnd, words);
    }
    if (count === fieldsMax) return refuse(words.tooManyFields);
    let valueEnd = i;
    while (valueEnd > valueStart && (buffer[valueEnd - 1] === SP || buffer[valueEnd - 1] === HTAB)) valueEnd--;
    const at = count * 4;
    marks[at] = nameStart;
    marks[at + 1] = nameEnd;
    marks[at + 2] = valueStart;
    marks[at + 3] = valueEnd;
    nameClasses[count++] = seen;
    i += 2;
  }
}

/** A line that is bad or not complete: `i` is the first byte that did not fit. Cold. */
function refuseLine(
  buffer: Uint8Array,
  lineStart: number,
  i: number,
  end: number,
  blockEnd: number,
  words: LineVocabulary,
): number {
  const stop = Math.min(end, blockEnd);
  const at = endOfValue(buffer, i, stop);
  if (at >= stop) return stop < end ? refuse(words.headerBlockTooLarge) : 0;
  if (buffer[at] === LF) return refuse(words.bareLf);
  if (buffer[at] !== CR) return refuse(words.control);
  if (at + 1 >= end) return 0;
  if (at + 1 >= blockEnd) return refuse(words.headerBlockTooLarge);
  if (buffer[at + 1] !== LF) return refuse(words.bareCr);
  if (buffer[lineStart] === SP || buffer[lineStart] === HTAB) return refuse(words.obsFold);
  const colon = buffer.indexOf(COLON, lineStart);
  return refuse(colon < 0 || colon > at ? words.fieldWithoutColon : words.fieldName);
}

/**
 * Can these new bytes change what is known of an incomplete head? A line end, a control character or
 * a broken CRLF can; other bytes cannot. Keeps one-byte writes linear: only then the head is scanned again.
 */
export function isDecisive(buffer: Uint8Array, start: number, from: number, end: number): boolean {
  let afterCr = from > start && buffer[from - 1] === CR;
  for (let i = from; i < end; i++) {
    const byte = byteAt(buffer, i);
    if (afterCr) return true;
    afterCr = byte === CR;
    if (!afterCr && valueClass[byte] === 0) return true;
  }
  return false;
}
