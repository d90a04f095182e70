// HOT: measured by test/bench/http2.bench.ts
import { initialHeaderTableBytes } from './codes.js';
import { isValueValid, nameKind } from './field-names.js';
import { staticTable } from './static-table.js';

/** A field line of a header block, judged once: entries of the tables are shared by all blocks that name them. */
export interface FieldEntry {
  readonly name: string;
  readonly value: string;
  /** `NameKind`, or `FieldKind` of server/http1. */
  readonly kind: number;
  readonly isValueValid: boolean;
}

export function fieldEntry(name: string, value: string, kind: number): FieldEntry {
  return { name, value, kind, isValueValid: isValueValid(value) };
}

/** RFC 7541 4.1: what an entry counts. */
export const entryOverheadBytes = 32;

export function entryBytes(entry: FieldEntry): number {
  return entry.name.length + entry.value.length + entryOverheadBytes;
}

const staticEntries: readonly FieldEntry[] = staticTable.map(({ name, value }) =>
  fieldEntry(name, value, nameKind(name)),
);
const firstDynamicIndex = staticEntries.length + 1;

/** The table of a decoder (RFC 7541 2.3): static entries, then a ring of dynamic ones, newest first. */
export class FieldTable {
  /** What the peer set its table to; never above what we announced. */
  bytesMax = initialHeaderTableBytes;
  bytes = 0;
  count = 0;
  #ring: (FieldEntry | null)[] = [];
  /** Where the next entry goes. */
  #head = 0;

  /** The entry of an index of the wire, or null; -1 (a broken integer) has none. */
  at(index: number): FieldEntry | null {
    if (index < firstDynamicIndex) return index <= 0 ? null : (staticEntries[index - 1] as FieldEntry);
    const age = index - firstDynamicIndex;
    if (age >= this.count) return null;
    const size = this.#ring.length;
    return this.#ring[(this.#head + size - 1 - age) % size] ?? null;
  }

  /** RFC 7541 4.4: makes room first; an entry larger than the table empties it. */
  add(entry: FieldEntry): void {
    const bytes = entryBytes(entry);
    this.#evictTo(this.bytesMax - bytes);
    if (bytes > this.bytesMax) return;
    if (this.count === this.#ring.length) this.#grow();
    this.#ring[this.#head] = entry;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.count += 1;
    this.bytes += bytes;
  }

  resize(bytesMax: number): void {
    this.bytesMax = bytesMax;
    this.#evictTo(bytesMax);
  }

  #evictTo(bytes: number): void {
    const ring = this.#ring;
    while (this.count > 0 && this.bytes > bytes) {
      const oldest = (this.#head + ring.length - this.count) % ring.length;
      const entry = ring[oldest];
      ring[oldest] = null;
      this.count -= 1;
      if (entry !== null && entry !== undefined) this.bytes -= entryBytes(entry);
    }
  }

  #grow(): void {
    const size = this.#ring.length;
    const ring: (FieldEntry | null)[] = [];
    for (let age = this.count - 1; age >= 0; age--) ring.push(this.#ring[(this.#head + size - 1 - age) % size] ?? null);
    this.#head = ring.length;
    for (const room = Math.max(8, size * 2); ring.length < room; ) ring.push(null);
    this.#ring = ring;
  }
}
