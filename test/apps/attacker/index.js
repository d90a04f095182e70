// Hostile clients in a process of their own, so that they do not slow the client that measures: PORT KIND CONNECTIONS.
import { connect } from 'node:net';

const [port, kind, connections] = process.argv.slice(2);
const headStart = 'GET / HTTP/1.1\r\nHost: attacked.test\r\n';
const giantHead = `${headStart}${Array.from({ length: 90 }, (_, n) => `X-${n}: ${'x'.repeat(340)}\r\n`).join('')}\r\n`;

function repeat(socket, text) {
  const bytes = Buffer.from(text, 'latin1');
  const send = () => {
    if (!socket.destroyed) socket.write(bytes, () => setImmediate(send));
  };
  send();
}

const kinds = {
  'giant-headers': (socket) => repeat(socket, giantHead),
  'one-byte-chunks': (socket) => {
    socket.write('POST /digest HTTP/1.1\r\nHost: attacked.test\r\nTransfer-Encoding: chunked\r\n\r\n');
    repeat(socket, '1\r\nx\r\n'.repeat(10_000));
  },
  'bad-requests': (socket) => socket.write('GET / HTTP/9.9\r\n\r\n'),
  'slow-clients': (socket) => socket.write(headStart),
  idle: (socket) => socket.write('GET / HTTP/1.1\r\nHost: quiet.test\r\n\r\n'),
};

function open() {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('connect', () => kinds[kind](socket));
  socket.on('error', () => undefined);
  socket.resume();
  // They come again as soon as they are thrown out.
  socket.on('close', () => setImmediate(open));
}

let opened = 0;
const more = () => {
  for (let n = 0; n < 100 && opened < Number(connections); n++, opened++) open();
  if (opened < Number(connections)) setTimeout(more, 10);
};
more();
