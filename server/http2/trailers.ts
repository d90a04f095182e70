import { isTrailerAllowed } from '../http1/field-kinds.js';
import { encodedName } from './encoded-names.js';
import type { FieldEntry } from './field-table.js';
import { firstPseudoKind, lastPseudoKind, NameKind } from './field-names.js';
import type { FrameWriter } from './frame-writer.js';
import { fieldBytesMax, type HpackEncoder } from './hpack-encoder.js';

/** Writes a trailer section that ends its stream (RFC 9113 8.1): name, value, ... */
export function writeTrailers(
  writer: FrameWriter,
  encoder: HpackEncoder,
  id: number,
  trailers: readonly string[],
): void {
  let bytesMax = 16;
  for (let i = 0; i < trailers.length; i += 2) {
    bytesMax += fieldBytesMax(trailers[i] as string, trailers[i + 1] as string);
  }
  writer.reserveBlock(bytesMax);
  const { buffer } = writer.output;
  let at = encoder.begin(buffer, writer.blockStart);
  for (let i = 0; i < trailers.length; i += 2) {
    at = encoder.field(buffer, at, encodedName(trailers[i] as string), trailers[i + 1] as string);
  }
  writer.headers(id, at, true);
}

/** Of the last `readTrailers`: those that may travel, name, value, ...; null = none. */
export const readSection: { trailers: string[] | null } = { trailers: null };

/** Judges the lines of a trailer section (RFC 9113 8.1). Returns '' or why it is malformed. */
export function readTrailers(entries: readonly FieldEntry[], count: number): string {
  let trailers: string[] | null = null;
  for (let i = 0; i < count; i++) {
    const { name, value, kind, isValueValid } = entries[i] as FieldEntry;
    if (kind === NameKind.invalid) return 'TrailerName';
    if (!isValueValid) return 'TrailerValue';
    if (kind >= firstPseudoKind && kind <= lastPseudoKind) return 'TrailerPseudoField';
    if (kind === NameKind.connectionSpecific) return 'TrailerConnectionField';
    if (isTrailerAllowed(name)) (trailers ??= []).push(name, value);
  }
  readSection.trailers = trailers;
  return '';
}
