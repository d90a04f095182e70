// Slow clients behind TLS in a process of their own: PORT KIND CONNECTIONS. A kind that begins with `h2-` speaks HTTP/2.
// They come again as soon as they are thrown out.
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

const [port, kinds, connections] = process.argv.slice(2);
const host = 'attacked.test';
const local = { host: '127.0.0.1', port: Number(port) };

/** The first flight of a client, as OpenSSL writes it. */
const hello = await new Promise((resolve) => {
  const nowhere = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      resolve(chunk);
      done();
    },
  });
  connectTls({ socket: nowhere, servername: host, ALPNProtocols: ['http/1.1'] }).on('error', () => undefined);
});

function frame(type, flags, id, payload = Buffer.alloc(0), length = payload.length) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

const text = (value) => Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
const literal = (name, value) => Buffer.concat([Buffer.of(0), text(name), text(value)]);
const block = (method, path) =>
  Buffer.concat([
    literal(':method', method),
    literal(':scheme', 'https'),
    literal(':path', path),
    literal(':authority', host),
  ]);
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const noWindow = frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]));
const oneByte = (id) => frame(8, 0, id, Buffer.from([0, 0, 0, 1]));

const head = (line, more = '') => `${line} HTTP/1.1\r\nHost: ${host}\r\n${more}`;
const download = '/bytes?count=5000000';

/** Writes `bytes`, then `drip` again and again. */
function dripping(bytes, drip, everyMs) {
  return (socket) => {
    socket.write(bytes);
    const more = () => {
      if (socket.destroyed) return;
      socket.write(drip);
      setTimeout(more, everyMs);
    };
    setTimeout(more, everyMs);
  };
}

/** In cleartext, before any handshake. */
const unfinished = {
  'no-hello': () => undefined,
  'half-a-hello': dripping(hello.subarray(0, 50), Buffer.alloc(1), 2_000),
  'hello-and-nothing': (socket) => socket.write(hello),
};

const opening = Buffer.concat([preface, frame(4, 0, 0)]);

/** Behind the handshake. */
const finished = {
  idle: () => undefined,
  'slow-head': dripping(head('GET /'), 'X-More: y\r\n', 5_000),
  'slow-body': dripping(`${head('POST /echo', 'Content-Length: 1000000\r\n')}\r\n`, 'x', 1_000),
  'slow-read': (socket) => {
    socket.write(`${head(`GET ${download}`)}\r\n`);
    socket.pause();
  },
  churn: (socket) => {
    socket.write(`${head('GET /', 'Connection: close\r\n')}\r\n`);
  },
  'h2-idle': (socket) => socket.write(opening),
  'h2-no-settings': (socket) => socket.write(preface),
  'h2-slow-head': dripping(
    Buffer.concat([opening, frame(1, 1, 1, block('GET', '/').subarray(0, 9))]),
    frame(9, 0, 1, Buffer.alloc(0)),
    5_000,
  ),
  'h2-half-a-frame': dripping(
    Buffer.concat([opening, frame(1, 5, 1, Buffer.alloc(0), 16_384)]),
    Buffer.alloc(1),
    2_000,
  ),
  'h2-slow-body': dripping(
    Buffer.concat([opening, frame(1, 4, 1, block('POST', '/echo'))]),
    frame(0, 0, 1, Buffer.from('x')),
    1_000,
  ),
  'h2-slow-read': dripping(
    Buffer.concat([preface, noWindow, frame(1, 5, 1, block('GET', download))]),
    oneByte(1),
    1_000,
  ),
};

function open(kind) {
  const behave = unfinished[kind] ?? finished[kind];
  const isHttp2 = kind.startsWith('h2-');
  const socket =
    kind in unfinished
      ? connect(local)
      : connectTls({
          ...local,
          servername: host,
          rejectUnauthorized: false,
          ALPNProtocols: [isHttp2 ? 'h2' : 'http/1.1'],
        });
  socket.on(kind in unfinished ? 'connect' : 'secureConnect', () => behave(socket));
  socket.on('error', () => undefined);
  socket.resume();
  socket.on('close', () => setImmediate(open, kind));
}

const all = kinds.split(',');
let opened = 0;
const more = () => {
  for (let n = 0; n < 20 && opened < Number(connections); n++, opened++) open(all[opened % all.length]);
  if (opened < Number(connections)) setTimeout(more, 20);
};
more();
