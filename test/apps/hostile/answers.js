// Answers that no HTTP server gives: bytes of its own on the connection. Endless ones stop when the connection does.
function endless(socket, first, next) {
  socket.on('error', () => undefined);
  socket.write(first);
  const turn = () => {
    if (socket.destroyed) return;
    if (socket.write(next(), 'latin1')) setImmediate(turn);
    else socket.once('drain', turn);
  };
  turn();
}

let serial = 0;
module.exports = {
  'endless-headers': (socket) =>
    endless(socket, 'HTTP/1.1 200 OK\r\n', () => `X-${(serial += 1)}: ${'x'.repeat(4_000)}\r\n`),
  'endless-interim': (socket) =>
    endless(socket, '', () => 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'.repeat(100)),
  'endless-body': (socket) =>
    endless(socket, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', () => `4000\r\n${'x'.repeat(0x4000)}\r\n`),
  'endless-chunk-size': (socket) =>
    endless(socket, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', () => '0'.repeat(16_384)),
  'endless-crumbs': (socket) =>
    endless(socket, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', () => {
      for (let n = 0; n < 63; n += 1) socket.write('1\r\nx\r\n');
      return '1\r\nx\r\n';
    }),
  splitting: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: a\nSet-Cookie: stolen=1\r\n\r\nok'),
  'splitting-cr': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: a\rSet-Cookie: stolen=1\r\n\r\nok'),
  'two-answers': (socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen'.repeat(3),
    ),
  'two-lengths': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 50\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nstolen'),
  'length-and-chunks': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nstolen\r\n0\r\n\r\n'),
  'unasked-upgrade': (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nstolen'),
};
