import { ChunkedDecoder } from '../../../server/http1/chunked.js';
import { hasBody } from '../../../server/http1/forward.js';
import { createResponseHead, parseResponseHead } from '../../../server/http1/response-head.js';
import { headIncomplete } from '../../../server/http1/types.js';
import { interimResponsesMax } from '../../../config/base/limits.js';

/** How an answer ended: `502` before anything could be sent, `cut` after its head, `ok` whole. */
export interface AnswerVerdict {
  readonly outcome: 'ok' | '502' | 'cut';
  readonly reason: string;
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[] | null;
}

/** Judges one answer whose bytes arrive in pieces of `pieceBytes`; afterwards the worker closes. */
export function judgeAnswer(bytes: Buffer, method = 'GET', pieceBytes = bytes.length): AnswerVerdict {
  const head = createResponseHead();
  const verdict = (
    outcome: AnswerVerdict['outcome'],
    reason: string,
    body = '',
    trailers: readonly string[] | null = null,
  ) => ({
    outcome,
    reason,
    status: head.status,
    fields: outcome === '502' ? [] : [...head.fields],
    body,
    trailers,
  });
  let start = 0;
  for (let interims = 0; ; interims++) {
    if (interims > interimResponsesMax) return verdict('502', 'TooManyInterims');
    const used = headInPieces(bytes, start, pieceBytes, head);
    if (used === headIncomplete) return verdict('502', 'HeadIncomplete');
    if (used < 0) return verdict('502', head.rejection?.reason ?? '');
    start += used;
    if (head.status === 101) return verdict('502', 'Unasked101');
    if (head.status >= 200) break;
  }
  if (!hasBody(method, head.status)) return verdict('ok', '');
  const rest = bytes.subarray(start);
  if (head.framing === 'close') return verdict('ok', '', rest.toString('latin1'));
  if (head.framing === 'length') {
    const body = rest.toString('latin1', 0, head.contentLength);
    return rest.length < head.contentLength ? verdict('cut', 'Short', body) : verdict('ok', '', body);
  }
  const decoder = new ChunkedDecoder();
  let body = '';
  for (let at = 0; at < rest.length && !decoder.done && decoder.rejection === null; ) {
    at = decoder.decode(rest, at, Math.min(rest.length, at + pieceBytes));
    body += rest.toString('latin1', decoder.dataStart, decoder.dataEnd);
  }
  if (decoder.rejection !== null) return verdict('cut', decoder.rejection.reason, body);
  return decoder.done ? verdict('ok', '', body, decoder.trailers) : verdict('cut', 'Short', body);
}

function headInPieces(
  bytes: Buffer,
  start: number,
  pieceBytes: number,
  head: ReturnType<typeof createResponseHead>,
): number {
  let scanFrom = start;
  for (;;) {
    const end = Math.min(bytes.length, Math.max(scanFrom, start) + Math.max(1, pieceBytes));
    const used = parseResponseHead(bytes, start, end, scanFrom, head);
    if (used !== headIncomplete || end === bytes.length) return used;
    scanFrom = end;
  }
}
