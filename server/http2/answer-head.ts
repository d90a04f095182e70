// HOT: measured by test/bench/http2.bench.ts
import { parseDecimal } from '../http1/bytes.js';
import { FieldKind } from '../http1/field-kinds.js';
import type { ResponseHead } from '../http1/types.js';
import { firstPseudoKind, lastPseudoKind, NameKind } from './field-names.js';
import type { FieldEntry } from './field-table.js';
import type { HpackDecoder } from './hpack-decoder.js';

/**
 * Fills `head` from the lines of an answer (RFC 9113 8.3.2), as strictly as `parseResponseHead`: a worker is trusted no
 * more than a client. Returns why the answer is malformed, or ''.
 */
export function readAnswer(decoder: HpackDecoder, head: ResponseHead): string {
  const { entries, count } = decoder;
  if (decoder.isTooLarge) return 'AnswerHeaderBlockTooLarge';
  const { fields, fieldKinds } = head;
  fields.length = 0;
  fieldKinds.length = 0;
  head.reason = '';
  head.minorVersion = 1;
  head.keepAlive = true;
  head.keepAliveTimeoutSeconds = -1;
  head.connectionNames = null;
  head.neverIndexed = decoder.neverIndexed;
  head.rejection = null;
  let status = '';
  let contentLength = -1;
  for (let i = 0; i < count; i++) {
    const { name, value, kind, isValueValid } = entries[i] as FieldEntry;
    if (kind === NameKind.invalid) return 'AnswerFieldName';
    if (!isValueValid) return 'AnswerControlCharacter';
    if (kind >= firstPseudoKind && kind <= lastPseudoKind) {
      if (kind !== NameKind.status || i !== 0) return 'AnswerPseudoField';
      status = value;
      continue;
    }
    if (kind === NameKind.connectionSpecific) return 'AnswerConnection';
    if (kind === FieldKind.framingTwin) return 'AnswerFramingNameLookAlike';
    if (kind === FieldKind.contentLength) {
      if (contentLength >= 0) return 'AnswerContentLengthRepeated';
      contentLength = parseDecimal(value);
      if (contentLength < 0) return 'AnswerContentLength';
    }
    fields.push(name, value);
    fieldKinds.push(kind < firstPseudoKind ? kind : FieldKind.plain);
  }
  return settle(head, status, contentLength);
}

function settle(head: ResponseHead, status: string, contentLength: number): string {
  head.status = status.length === 3 ? parseDecimal(status) : -1;
  // 101 does not exist here (RFC 9113 8.6).
  if (head.status < 100 || head.status === 101) return 'AnswerStatus';
  if (head.status < 200 && contentLength > 0) return 'AnswerInterimWithFraming';
  head.framing = contentLength >= 0 ? 'length' : 'chunked';
  head.contentLength = Math.max(0, contentLength);
  return '';
}
