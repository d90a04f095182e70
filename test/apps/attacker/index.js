// Hostile clients in a process of their own, so that they do not slow the client that measures: PORT KIND CONNECTIONS
// [https].
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [port, kind, connections, protocol] = process.argv.slice(2);
// Who says nothing does not shake hands.
const isTls = protocol === 'https' && kind !== 'silent';
const tls = { servername: kind === 'idle' ? 'quiet.test' : 'attacked.test', rejectUnauthorized: false };
const headStart = 'GET / HTTP/1.1\r\nHost: attacked.test\r\n';
const giantHead = `${headStart}${Array.from({ length: 90 }, (_, n) => `X-${n}: ${'x'.repeat(340)}\r\n`).join('')}\r\n`;

function repeat(socket, text) {
  const bytes = Buffer.from(text, 'latin1');
  const send = () => {
    if (!socket.destroyed) socket.write(bytes, () => setImmediate(send));
  };
  send();
}

const field = 'Host: attacked.test\r\n';
const upload = (length) => `POST /echo HTTP/1.1\r\n${field}Content-Length: ${length}\r\n\r\n`;
const upgrade = `GET /ws HTTP/1.1\r\n${field}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
const get = (path) => `GET ${path} HTTP/1.1\r\n${field}\r\n`;

/** Beginnings of requests; the client goes away somewhere behind them. */
const beginnings = [
  () => giantHead.slice(0, Math.random() * giantHead.length),
  () => upload(1_000_000) + 'x'.repeat(Math.random() * 50_000),
  () => `${headStart}Transfer-Encoding: chunked\r\n\r\n5\r\nabc`,
  () => get('/slow?ms=3000'),
  () => get('/n/1') + get('/slow?ms=1000') + get('/n/2'),
  () => get('/hold'),
  () => get('/bytes?count=5000000'),
  () => upgrade,
  () => '',
];

const any = (list) => list[Math.floor(Math.random() * list.length)];

/** Of these one in fifty reads slowly: what the kernel takes for a slow reader is memory of the whole machine. */
let slow = 0;
const slowly = (socket) => {
  slow += 1;
  if (slow % 50 === 0) {
    socket.write(get('/bytes?count=50000000'));
    const sip = () => {
      socket.pause();
      setTimeout(() => socket.resume(), 1_000);
    };
    socket.on('data', sip);
    return;
  }
  const isUpload = slow % 2 === 0;
  socket.write(isUpload ? upload(1_000_000) : headStart);
  // Bodies come as quickly as webLimits.minBytesPerSecond asks for, heads as slowly as headerWaitTimeout allows.
  const more = () => {
    if (socket.destroyed) return;
    socket.write(isUpload ? 'x'.repeat(600) : 'X-More: y\r\n');
    setTimeout(more, isUpload ? 1_000 : 5_000);
  };
  more();
};

// As fast as answers come, and never with a pause.
function flood(socket) {
  const bytes = Buffer.from(`${headStart}\r\n`.replace('GET / ', 'GET /digest '), 'latin1');
  socket.on('data', () => socket.write(bytes));
  socket.write(bytes);
}

const kinds = {
  flood,
  aborts: (socket) => {
    const bytes = any(beginnings)();
    if (bytes !== '') socket.write(bytes);
    if (Math.random() < 0.3) socket.pause();
    setTimeout(() => (Math.random() < 0.5 ? socket.resetAndDestroy() : socket.destroy()), Math.random() * 5_000);
  },
  slowly,
  'giant-headers': (socket) => repeat(socket, giantHead),
  'one-byte-chunks': (socket) => {
    socket.write('POST /digest HTTP/1.1\r\nHost: attacked.test\r\nTransfer-Encoding: chunked\r\n\r\n');
    repeat(socket, '1\r\nx\r\n'.repeat(10_000));
  },
  'bad-requests': (socket) => socket.write('GET / HTTP/9.9\r\n\r\n'),
  'slow-clients': (socket) => socket.write(headStart),
  'come-and-go': (socket) => socket.destroy(),
  silent: () => undefined,
  idle: (socket) => socket.write('GET / HTTP/1.1\r\nHost: quiet.test\r\n\r\n'),
};

function open() {
  const socket = isTls ? connectTls(Number(port), '127.0.0.1', tls) : connect(Number(port), '127.0.0.1');
  socket.on(isTls ? 'secureConnect' : 'connect', () => kinds[kind](socket));
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
