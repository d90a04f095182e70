// HOT: measured by test/bench/http2.bench.ts
import {
  headerBlockBytesMax,
  http2FieldLinesMax,
  responseHeaderBytesMax,
  responseHeaderFieldsMax,
} from '../../config/base/limits.js';
import { latin1 } from '../http1/bytes.js';
import { initialHeaderTableBytes } from './codes.js';
import { isSecretName } from './encoded-names.js';
import { nameKind } from './field-names.js';
import { entryOverheadBytes, type FieldEntry, fieldEntry, FieldTable } from './field-table.js';
import { integer, readInteger } from './hpack-integer.js';
import { decodeHuffman } from './huffman.js';

/** No string of a block is longer than the block; Huffman codes have 5 bits at least. */
const scratch = Buffer.allocUnsafeSlow(responseHeaderBytesMax * 2);

/** What is kept of a block: bytes, which bound the block itself too, and field lines. */
export interface BlockLimits {
  readonly bytes: number;
  readonly lines: number;
}

export const requestBlocks: BlockLimits = { bytes: headerBlockBytesMax, lines: http2FieldLinesMax };
export const answerBlocks: BlockLimits = { bytes: responseHeaderBytesMax, lines: responseHeaderFieldsMax };

/** Offset behind the string that was read last. */
const text = { at: 0 };

/** Reads a string literal (RFC 7541 5.2), or null when it is broken. */
function readString(buffer: Buffer, at: number, end: number): string | null {
  if (at >= end) return null;
  const isHuffman = (buffer[at] as number) >= 0x80;
  const length = readInteger(buffer, at, end, 7);
  const start = integer.at;
  if (length < 0 || length > end - start) return null;
  const stop = start + length;
  text.at = stop;
  if (!isHuffman) return length === 0 ? '' : latin1(buffer, start, stop);
  const decoded = decodeHuffman(buffer, start, stop, scratch);
  return decoded < 0 ? null : latin1(scratch, 0, decoded);
}

/**
 * Decoder of one connection (RFC 7541). A block is always read to its end, since the table depends on it; what is kept of
 * it is bounded by lines and bytes, and `isTooLarge` says that some were left out. Nothing of a block is
 * multiplied: an indexed line costs a reference.
 */
export class HpackDecoder {
  readonly table = new FieldTable();
  /** The lines of the last block, [0, count). */
  readonly entries: FieldEntry[] = [];
  count = 0;
  /** Of all lines, as SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 6.5.2). */
  listBytes = 0;
  isTooLarge = false;
  /** Names of lines of the last block that may never be indexed, further on neither (RFC 7541 6.2.3); null = none. */
  neverIndexed: Set<string> | null = null;
  readonly #limits: BlockLimits;

  constructor(limits: BlockLimits = requestBlocks) {
    this.#limits = limits;
  }

  /** Decodes a complete block of at most `BlockLimits.bytes`. False: COMPRESSION_ERROR, the connection is lost. */
  decode(buffer: Buffer, start: number, end: number): boolean {
    this.count = 0;
    this.listBytes = 0;
    this.isTooLarge = false;
    this.neverIndexed = null;
    let at = start;
    while (at < end) {
      const first = buffer[at] as number;
      if (first >= 0x80) {
        const entry = this.table.at(readInteger(buffer, at, end, 7));
        if (entry === null) return false;
        at = integer.at;
        this.#take(entry);
      } else if (first >= 0x40) {
        at = this.#readLiteral(buffer, at, end, 6, true);
      } else if (first >= 0x20) {
        // A size update stands before the first field line (RFC 7541 4.2).
        const bytes = readInteger(buffer, at, end, 5);
        if (bytes < 0 || bytes > initialHeaderTableBytes || this.listBytes > 0) return false;
        this.table.resize(bytes);
        at = integer.at;
      } else {
        at = this.#readLiteral(buffer, at, end, 4, false);
      }
      if (at < 0) return false;
    }
    return true;
  }

  /** @returns the offset behind the line, -1 = broken. */
  #readLiteral(buffer: Buffer, at: number, end: number, prefixBits: number, isIndexed: boolean): number {
    const index = readInteger(buffer, at, end, prefixBits);
    if (index < 0) return -1;
    let name = '';
    let kind = 0;
    let next = integer.at;
    if (index === 0) {
      const read = readString(buffer, next, end);
      if (read === null) return -1;
      name = read;
      kind = nameKind(read);
      next = text.at;
    } else {
      const named = this.table.at(index);
      if (named === null) return -1;
      name = named.name;
      kind = named.kind;
    }
    const value = readString(buffer, next, end);
    if (value === null) return -1;
    const entry = fieldEntry(name, value, kind);
    if (isIndexed) this.table.add(entry);
    else if (((buffer[at] as number) & 0x10) !== 0 && !isSecretName(name)) this.#noteSecret(name);
    this.#take(entry);
    return text.at;
  }

  /** Those that never are anyway need no note. */
  #noteSecret(name: string): void {
    if (this.isTooLarge) return;
    this.neverIndexed ??= new Set();
    this.neverIndexed.add(name);
  }

  #take(entry: FieldEntry): void {
    this.listBytes += entry.name.length + entry.value.length + entryOverheadBytes;
    if (this.listBytes > this.#limits.bytes || this.count === this.#limits.lines) {
      this.isTooLarge = true;
      return;
    }
    this.entries[this.count++] = entry;
  }
}
