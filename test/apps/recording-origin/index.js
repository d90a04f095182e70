// Keeps every byte of every connection and answers, leniently, whatever looks like a whole request; `Connection: close`, so
// that a second request on the same connection is one that nobody meant. `GET /take-the-record` gives what was kept. The
// paths of the HTTP/2 scripts are there too (test/conformance/http2/script.ts).
import { createServer } from 'node:net';

const taking = '/take-the-record';
const kept = new Set();

/** A body in chunks, decoded; null = its end is not there yet, or it is none. */
function decoded(text, start) {
  let body = '';
  for (let at = start; ; ) {
    const line = text.indexOf('\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (line < 0 || Number.isNaN(size)) return null;
    if (size === 0) return /\r?\n\r?\n/.test(text.slice(line - 1)) ? body : null;
    body += text.slice(line + 1, line + 1 + size);
    at = line + 1 + size;
    at += text.startsWith('\r\n', at) ? 2 : 1;
  }
}

/** The head and the body as far as they are there; null = no whole head or no whole body. */
function requestIn(text) {
  const headEnd = /\r?\n\r?\n/.exec(text);
  if (headEnd === null) return { head: null, body: null };
  const head = text.slice(0, headEnd.index);
  const start = headEnd.index + headEnd[0].length;
  if (/^transfer-encoding[^:\n]*:.*chunked/im.test(head)) return { head, body: decoded(text, start) };
  const length = Number(/^content-length[^:\n]*:\s*(\d+)/im.exec(head)?.[1] ?? 0);
  return { head, body: text.length - start >= length ? text.slice(start, start + length) : null };
}

function record() {
  const records = [...kept].map(({ bytes, isAnswered, isOpen }) => ({
    bytes: Buffer.concat(bytes).toString('base64'),
    isAnswered,
    isOpen,
  }));
  kept.clear();
  return JSON.stringify(records);
}

/** null: it is kept waiting. */
function answerTo(path, head, body) {
  switch (path) {
    case '/hold':
      return null;
    case '/big':
      return 'x'.repeat(100_000);
    case '/echo':
      return body;
    case '/cookie':
      return /^cookie: (.*)$/im.exec(head)?.[1]?.trimEnd() ?? '';
    case taking:
      return record();
    default:
      return 'recorded';
  }
}

function answer(socket, head, body) {
  const fields = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  socket.end(head.startsWith('HEAD ') ? fields : fields + body, 'latin1');
}

createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const one = { bytes: [], isAnswered: false, isOpen: true };
  let isEarly = false;
  kept.add(one);
  socket.on('error', () => undefined);
  socket.on('close', () => (one.isOpen = false));
  socket.on('end', () => {
    one.isOpen = false;
    socket.end();
  });
  socket.on('data', (chunk) => {
    one.bytes.push(chunk);
    if (one.isAnswered) return;
    const { head, body } = requestIn(Buffer.concat(one.bytes).toString('latin1'));
    if (head === null) return;
    const path = head.split(' ', 2)[1]?.split('?')[0];
    if (path === '/early' && !isEarly) {
      isEarly = true;
      answer(socket, head, 'early');
    }
    if (body === null) return;
    one.isAnswered = true;
    if (path === taking) kept.delete(one);
    const text = isEarly ? null : answerTo(path, head, body);
    if (text !== null) answer(socket, head, text);
  });
}).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
