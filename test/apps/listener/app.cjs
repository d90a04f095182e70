// One app for both hosting models: what a data path has to carry.
const http = require('node:http');
const { createHash } = require('node:crypto');

const block = Buffer.alloc(65536, 'x');
let aborted = 0;
let inFlight = 0;
let inFlightMax = 0;

function send(res, left) {
  while (left > 0) {
    const size = Math.min(left, block.length);
    left -= size;
    if (!res.write(size === block.length ? block : block.subarray(0, size))) {
      res.once('drain', () => send(res, left));
      return;
    }
  }
  res.end();
}

const server = http.createServer((req, res) => {
  inFlight += 1;
  inFlightMax = Math.max(inFlightMax, inFlight);
  res.on('close', () => {
    inFlight -= 1;
    if (!res.writableFinished) aborted += 1;
  });
  const url = new URL(req.url, 'http://x');
  const number = (name) => Number(url.searchParams.get(name) || 0);
  switch (url.pathname) {
    case '/state':
      return res.end(JSON.stringify({ aborted, inFlightMax, pid: process.pid, rss: process.memoryUsage().rss }));
    case '/echo':
      res.setHeader('x-method', req.method);
      return req.pipe(res);
    case '/digest': {
      const hash = createHash('sha256');
      let bytes = 0;
      req.on('data', (chunk) => {
        bytes += chunk.length;
        hash.update(chunk);
      });
      return req.on('end', () => {
        if (Object.keys(req.trailers).length > 0) res.setHeader('x-trailers', JSON.stringify(req.trailers));
        res.end(`${bytes} ${hash.digest('hex')}`);
      });
    }
    case '/download':
      res.setHeader('content-length', number('bytes'));
      return send(res, number('bytes'));
    case '/stream':
      return send(res, number('bytes'));
    case '/trailers':
      res.setHeader('trailer', 'x-sum');
      res.write('part');
      res.addTrailers({ 'x-sum': '42' });
      return res.end();
    case '/early':
      res.statusCode = 403;
      return res.end('no');
    case '/hints':
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      return res.end('hinted');
    case '/never':
      return undefined;
    case '/headers':
      return res.end(JSON.stringify(req.rawHeaders));
    case '/client':
      return res.end(`${req.socket.remoteAddress} ${req.headers['x-forwarded-for'] || ''}`);
    case '/close':
      res.setHeader('connection', 'close');
      return res.end('closing');
    case '/cut':
      res.setHeader('content-length', 100);
      res.write('only this');
      return setImmediate(() => res.destroy());
    case '/reset':
      return req.destroy();
    case '/exit':
      return process.exit(7);
    case '/204':
      res.statusCode = 204;
      return res.end();
    default:
      return res.end(`hello ${req.method} ${req.url}`);
  }
});

server.on('upgrade', (req, socket, head) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  if (head.length > 0) socket.write(head);
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('end', () => socket.end());
  socket.on('error', () => {});
});

server.keepAliveTimeout = Number(process.env.KEEP_ALIVE_MS || 5000);
server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => {
  if (!process.env.SLUICE_QUIET) process.stdout.write(`listening ${server.address().port}\n`);
});
