/** Reads an answer as a strict client does: is it there, which status, and is it whole? */
export interface SeenAnswer {
  /** Of the final answer; 0 = there is none (yet). */
  readonly status: number;
  /** Whole by its own framing; an answer that ends with the connection is whole when that ended. */
  readonly whole: boolean;
  readonly body: string;
}

const none: SeenAnswer = { status: 0, whole: false, body: '' };

function chunkedBody(text: string): { whole: boolean; body: string } {
  let body = '';
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return { whole: false, body };
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (!Number.isFinite(size)) return { whole: false, body };
    if (size === 0) {
      const rest = text.slice(lineEnd + 2);
      return { whole: rest.startsWith('\r\n') || rest.includes('\r\n\r\n'), body };
    }
    const data = text.slice(lineEnd + 2, lineEnd + 2 + size);
    body += data;
    if (text.slice(lineEnd + 2 + size, lineEnd + 4 + size) !== '\r\n') return { whole: false, body };
    at = lineEnd + 4 + size;
  }
}

/** `text` is latin1; `ended`: the peer sent FIN. A reset is not an end. */
export function readAnswer(text: string, ended: boolean): SeenAnswer {
  const headEnd = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
  if (headEnd < 0 || status === 0) return none;
  if (status >= 100 && status < 200 && status !== 101) return readAnswer(text.slice(headEnd + 4), ended);
  const head = text.slice(0, headEnd);
  const rest = text.slice(headEnd + 4);
  if (status === 101 || status === 204 || status === 304) return { status, whole: true, body: '' };
  if (/^transfer-encoding:/im.test(head)) return { status, ...chunkedBody(rest) };
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length === undefined) return { status, whole: ended, body: rest };
  return { status, whole: rest.length >= Number(length), body: rest.slice(0, Number(length)) };
}
