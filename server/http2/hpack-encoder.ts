// HOT: measured by test/bench/http2.bench.ts
import { initialHeaderTableBytes } from './codes.js';
import type { EncodedName } from './encoded-names.js';
import { entryOverheadBytes } from './field-table.js';
import { writeInteger } from './hpack-integer.js';
import { encodeHuffman, huffmanLength } from './huffman.js';
import { staticTable } from './static-table.js';

/** What this connection remembers of a name. */
interface Slot {
  /** The value of its newest entry, and the number of that entry; 0 = none. */
  inserted: string;
  number: number;
  /** The value that was written last. */
  last: string;
  /** Goes up when the value changes, down when it repeats: names that only change stay out of the table. */
  changes: number;
}

const changesMax = 4;
/** More than the entries that 4,096 bytes hold (128). */
const ringSize = 256;
const nothing = 0;

/**
 * Encoder of one connection (RFC 7541). Per name the newest entry is known, which catches what answers repeat (type, date,
 * server, cache policy) for one lookup per field. Values that enter the table are Huffman coded, once; others
 * are written as they are.
 */
export class HpackEncoder {
  #bytesMax = initialHeaderTableBytes;
  #bytes = 0;
  #count = 0;
  /** Entries ever inserted; the newest has this number. */
  #inserted = 0;
  readonly #entryBytes = new Uint16Array(ringSize);
  readonly #slots = new Map<string, Slot>();
  /** Size updates that the next block begins with (RFC 7541 4.2): the smallest since the last block, and the present one. */
  #smallest = initialHeaderTableBytes;
  #announced = initialHeaderTableBytes;

  /** SETTINGS_HEADER_TABLE_SIZE of the peer. */
  limitTable(bytes: number): void {
    this.#bytesMax = Math.min(bytes, initialHeaderTableBytes);
    this.#smallest = Math.min(this.#smallest, this.#bytesMax);
    this.#evictTo(this.#bytesMax);
  }

  /** Starts a block. @returns the offset behind what it begins with (at most 8 bytes). */
  begin(buffer: Buffer, at: number): number {
    if (this.#smallest === this.#announced && this.#bytesMax === this.#announced) return at;
    let i = at;
    if (this.#smallest < this.#bytesMax) i = writeInteger(buffer, i, 0x20, 5, this.#smallest);
    i = writeInteger(buffer, i, 0x20, 5, this.#bytesMax);
    this.#announced = this.#bytesMax;
    this.#smallest = this.#bytesMax;
    return i;
  }

  /** `:status` of three digits. */
  status(buffer: Buffer, at: number, status: number): number {
    const index = statusIndexes.get(status);
    if (index !== undefined) return writeInteger(buffer, at, 0x80, 7, index);
    return writeRaw(buffer, writeInteger(buffer, at, 0x00, 4, firstStatusIndex), String(status));
  }

  /** A line of the static table. */
  indexed(buffer: Buffer, at: number, index: number): number {
    return writeInteger(buffer, at, 0x80, 7, index);
  }

  /** One field line; takes at most `fieldBytesMax(name, value)`. Values are latin1. `neverIndexed`: names, as it came. */
  field(
    buffer: Buffer,
    at: number,
    name: EncodedName,
    value: string,
    neverIndexed: ReadonlySet<string> | null = null,
  ): number {
    const isSecret = name.isSecret || (neverIndexed !== null && neverIndexed.has(name.name));
    if (isSecret) return this.#literal(buffer, at, 0x10, 4, name, nothing, value);
    if (!name.isKept) return this.#literal(buffer, at, 0x00, 4, name, nothing, value);
    const slot = this.#slots.get(name.name) ?? this.#newSlot(name);
    const isAlive = slot.number > this.#inserted - this.#count;
    if (isAlive && slot.inserted === value) {
      if (slot.changes > 0) slot.changes -= 1;
      slot.last = value;
      return writeInteger(buffer, at, 0x80, 7, this.#indexOf(slot.number));
    }
    const repeats = slot.last === value;
    slot.last = value;
    if (!repeats) slot.changes += slot.changes < changesMax ? 1 : 0;
    const isWorth = repeats || slot.changes < changesMax;
    const dynamicIndex = isAlive ? this.#indexOf(slot.number) : nothing;
    if (!isWorth || !this.#fits(name, value)) return this.#literal(buffer, at, 0x00, 4, name, dynamicIndex, value);
    const next = this.#literal(buffer, at, 0x40, 6, name, dynamicIndex, value);
    this.#insert(name, value);
    slot.inserted = value;
    slot.number = this.#inserted;
    return next;
  }

  #newSlot(name: EncodedName): Slot {
    const slot: Slot = { inserted: '', number: 0, last: '\0', changes: name.isVolatile ? changesMax : 0 };
    this.#slots.set(name.name, slot);
    return slot;
  }

  #indexOf(number: number): number {
    return staticTable.length + 1 + this.#inserted - number;
  }

  #literal(
    buffer: Buffer,
    at: number,
    first: number,
    prefixBits: number,
    name: EncodedName,
    dynamicIndex: number,
    value: string,
  ): number {
    const index = name.staticIndex > 0 ? name.staticIndex : dynamicIndex;
    let i = writeInteger(buffer, at, first, prefixBits, index);
    if (index === 0) i = writeShort(buffer, i, name.name);
    return first === 0x40 ? writeShort(buffer, i, value) : writeRaw(buffer, i, value);
  }

  #fits(name: EncodedName, value: string): boolean {
    return name.name.length + value.length + entryOverheadBytes <= this.#bytesMax >>> 1;
  }

  #insert(name: EncodedName, value: string): void {
    const bytes = name.name.length + value.length + entryOverheadBytes;
    this.#evictTo(this.#bytesMax - bytes);
    this.#inserted += 1;
    this.#count += 1;
    this.#bytes += bytes;
    this.#entryBytes[this.#inserted % ringSize] = bytes;
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes) {
      this.#bytes -= this.#entryBytes[(this.#inserted - this.#count + 1) % ringSize] as number;
      this.#count -= 1;
    }
  }
}

/** The most that `HpackEncoder.field` writes. */
export function fieldBytesMax(name: string, value: string): number {
  return name.length + value.length + 16;
}

const statusIndexes: ReadonlyMap<number, number> = new Map(
  [...staticTable.entries()]
    .filter(([, row]) => row.name === ':status')
    .map(([at, row]) => [Number(row.value), at + 1]),
);
const firstStatusIndex = 8;

/** A string as it is; short ones without a call into the runtime. */
function writeRaw(buffer: Buffer, at: number, text: string): number {
  const { length } = text;
  const start = writeInteger(buffer, at, 0x00, 7, length);
  if (length > 24) {
    buffer.write(text, start, 'latin1');
  } else {
    for (let i = 0; i < length; i++) buffer[start + i] = text.charCodeAt(i);
  }
  return start + length;
}

/** The shorter of both forms. */
function writeShort(buffer: Buffer, at: number, text: string): number {
  const coded = huffmanLength(text);
  if (coded >= text.length) return writeRaw(buffer, at, text);
  return encodeHuffman(text, buffer, writeInteger(buffer, at, 0x80, 7, coded));
}
