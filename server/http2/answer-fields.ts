// HOT: measured by test/bench/http2.bench.ts
import { FieldKind } from '../http1/field-kinds.js';
import { answerFieldTravels, hasPolicy, policyName } from '../http1/forward-response.js';
import type { ResponseHead } from '../http1/types.js';
import { encodedName } from './encoded-names.js';
import type { FrameWriter } from './frame-writer.js';
import { fieldBytesMax, type HpackEncoder } from './hpack-encoder.js';
import type { AnswerAdditions } from './types.js';

/** Trailers are always possible; what is said of the connection never travels. */
const rules = { framing: 'chunked', connection: 'default' } as const;

const dateName = encodedName('date');
const cookieName = encodedName('set-cookie');
const policy = encodedName(policyName);

/** `Name: value\r\n` lines as name, value, ... */
export function linesToFields(lines: string): string[] {
  const fields: string[] = [];
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.push(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** Additions of a site are the same text for many answers. */
const lastLines: { lines: string; fields: readonly string[] } = { lines: '', fields: [] };

function additionFields(lines: string): readonly string[] {
  if (lines !== lastLines.lines) {
    lastLines.fields = linesToFields(lines);
    lastLines.lines = lines;
  }
  return lastLines.fields;
}

function listBytesMax(fields: readonly string[]): number {
  let bytes = 0;
  for (let i = 0; i < fields.length; i += 2) bytes += fieldBytesMax(fields[i] as string, fields[i + 1] as string);
  return bytes;
}

/**
 * Writes HEADERS with a worker's head: its fields in its order without hop-by-hop ones, and the additions (null for
 * interim answers). A head of status 101 accepts an extended CONNECT, and becomes 200 without the handshake's field.
 * @returns bytes of the header block.
 */
export function writeAnswer(
  writer: FrameWriter,
  encoder: HpackEncoder,
  id: number,
  head: ResponseHead,
  additions: AnswerAdditions | null,
): number {
  const { fields, fieldKinds, connectionNames, neverIndexed, status } = head;
  const added = additions?.fields === undefined ? noFields : additionFields(additions.fields);
  writer.reserveBlock(listBytesMax(fields) + listBytesMax(added) + additionBytesMax(additions));
  const { buffer } = writer.output;
  const start = writer.blockStart;
  let at = encoder.begin(buffer, start);
  at = encoder.status(buffer, at, status === 101 ? 200 : status);
  let hasDate = false;
  for (let i = 0; i < fieldKinds.length; i++) {
    const kind = fieldKinds[i] as number;
    const name = fields[i * 2] as string;
    if (kind !== FieldKind.plain || connectionNames !== null) {
      if (!travels(head, kind, name, hasDate)) continue;
      if (kind === FieldKind.date) hasDate = true;
    }
    if (status === 101 && name.length === 20 && name.toLowerCase() === 'sec-websocket-accept') continue;
    at = encoder.field(buffer, at, encodedName(name), fields[i * 2 + 1] as string, neverIndexed);
  }
  if (additions !== null) {
    if (!hasDate) at = encoder.field(buffer, at, dateName, additions.date);
    if (additions.cookie !== '') at = encoder.field(buffer, at, cookieName, additions.cookie);
    if (additions.strictTransportSecurity !== '' && !hasPolicy(fields)) {
      at = encoder.field(buffer, at, policy, additions.strictTransportSecurity);
    }
    for (let i = 0; i < added.length; i += 2) {
      at = encoder.field(buffer, at, encodedName(added[i] as string), added[i + 1] as string);
    }
  }
  writer.headers(id, at, false);
  return at - start;
}

const noFields: readonly string[] = [];

function additionBytesMax(additions: AnswerAdditions | null): number {
  if (additions === null) return 64;
  return 256 + additions.date.length + additions.cookie.length + additions.strictTransportSecurity.length;
}

function travels(head: ResponseHead, kind: number, name: string, hasDate: boolean): boolean {
  // Of a chunked answer there is no Content-Length; HEAD and 304 keep theirs as a fact.
  if (kind === FieldKind.contentLength) return head.status >= 200 && head.status !== 204;
  return !(kind === FieldKind.date && hasDate) && answerFieldTravels(head, rules, kind, name);
}

/** Writes HEADERS with a head of ours: `fields` are name, value, ... */
export function writeFields(
  writer: FrameWriter,
  encoder: HpackEncoder,
  id: number,
  status: number,
  fields: readonly string[],
): void {
  writer.reserveBlock(listBytesMax(fields) + 64);
  const { buffer } = writer.output;
  let at = encoder.status(buffer, encoder.begin(buffer, writer.blockStart), status);
  for (let i = 0; i < fields.length; i += 2) {
    at = encoder.field(buffer, at, encodedName(fields[i] as string), fields[i + 1] as string);
  }
  writer.headers(id, at, false);
}
