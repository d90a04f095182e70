// Keeps every byte of every connection and answers, leniently, whatever looks like a whole request; `Connection: close`, so
// that a second request on the same connection is one that nobody meant. `GET /take-the-record` gives what was kept.
import { createServer } from 'node:net';

const taking = '/take-the-record';
const kept = new Set();

/** Where a body in chunks ends; -1 = not yet, or it is none. */
function endOfChunks(text, start) {
  for (let at = start; ; ) {
    const line = text.indexOf('\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (line < 0 || Number.isNaN(size)) return -1;
    if (size === 0) {
      const end = /\r?\n\r?\n/.exec(text.slice(line - 1));
      return end === null ? -1 : line - 1 + end.index + end[0].length;
    }
    at = line + 1 + size;
    at += text.startsWith('\r\n', at) ? 2 : 1;
  }
}

/** Is a whole request there? */
function isWhole(text) {
  const headEnd = /\r?\n\r?\n/.exec(text);
  if (headEnd === null) return false;
  const head = text.slice(0, headEnd.index);
  const body = headEnd.index + headEnd[0].length;
  if (/^transfer-encoding[^:\n]*:.*chunked/im.test(head)) return endOfChunks(text, body) > 0;
  const length = /^content-length[^:\n]*:\s*(\d+)/im.exec(head);
  return length === null || text.length - body >= Number(length[1]);
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

createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const one = { bytes: [], isAnswered: false, isOpen: true };
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
    const text = Buffer.concat(one.bytes).toString('latin1');
    if (!isWhole(text)) return;
    one.isAnswered = true;
    const isTaking = text.includes(taking);
    if (isTaking) kept.delete(one);
    const body = isTaking ? record() : 'recorded';
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    socket.end(text.startsWith('HEAD ') ? head : head + body);
  });
}).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
