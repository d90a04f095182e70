// The fixture that does what it is told, hosted either way: a plain http.createServer app without packages.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const base = (process.env.ASPNETCORE_APPL_PATH ?? '/').replace(/\/$/, '');
const state = { inFlight: 0, mostInFlight: 0, aborted: 0, answered: 0 };

const routes = {
  '/': (_request, response) => response.end('plain\n'),
  '/pid': (_request, response) => response.end(`${process.pid}`),
  '/state': (_request, response) => json(response, state),
  '/request': (request, response) =>
    json(response, {
      method: request.method,
      url: request.url,
      version: request.httpVersion,
      headers: request.rawHeaders,
      remote: request.socket.remoteAddress,
    }),
  // How many requests came on this socket, with this one.
  '/socket': ({ socket }, response) => {
    const { requests, remoteAddress, remotePort, encrypted = false } = socket;
    server.getConnections((_error, open) => json(response, { requests, remoteAddress, remotePort, encrypted, open }));
  },
  '/environment': (_request, response) => json(response, process.env),
  '/process': (_request, response) =>
    json(response, { uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), cwd: process.cwd() }),
  '/echo': (request, response) => {
    response.setHeader('content-type', request.headers['content-type'] ?? 'application/octet-stream');
    request.pipe(response);
  },
  '/digest': async (request, response) => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of request) {
      bytes += chunk.length;
      hash.update(chunk);
    }
    json(response, { bytes, sha256: hash.digest('hex'), trailers: request.trailers });
  },
  '/chunks': async (_request, response, url) => {
    const count = Number(url.searchParams.get('count') ?? 5);
    for (let index = 0; index < count; index += 1) {
      response.write(`chunk ${index}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  },
  '/bytes': (_request, response, url) => {
    const total = Number(url.searchParams.get('count') ?? 1);
    response.writeHead(200, { 'content-length': total });
    const block = Buffer.alloc(65_536, 'x');
    let left = total;
    const more = () => {
      while (left > 0) {
        const piece = left >= block.length ? block : block.subarray(0, left);
        left -= piece.length;
        if (!response.write(piece)) return response.once('drain', more);
      }
      return response.end();
    };
    more();
  },
  '/trailers': (_request, response) => {
    response.writeHead(200, { trailer: 'x-sum' });
    response.write('body');
    response.addTrailers({ 'x-sum': '42' });
    response.end();
  },
  '/early-hints': (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.end('hinted');
  },
  '/close': (_request, response) => {
    response.setHeader('connection', 'close');
    response.end('last');
  },
  '/nothing': (_request, response) => {
    response.statusCode = 204;
    response.end();
  },
  '/unchanged': (_request, response) => {
    response.writeHead(304, { etag: '"1"' });
    response.end();
  },
  // Answers without reading the body.
  '/early': (_request, response) => {
    response.statusCode = 403;
    response.end('refused early');
  },
  '/slow': (_request, response, url) => {
    setTimeout(() => response.end(`slow ${process.pid}`), Number(url.searchParams.get('ms') ?? 50));
  },
  // Never answers; tells in /state that the client went away.
  '/hold': () => undefined,
  '/crash': () => setImmediate(() => process.exit(7)),
  // Half an answer that never ends: whoever has seen it may end the process.
  '/half': (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('only this');
  },
};

function json(response, value) {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
}

const server = createServer((request, response) => {
  state.inFlight += 1;
  request.socket.requests = (request.socket.requests ?? 0) + 1;
  state.mostInFlight = Math.max(state.mostInFlight, state.inFlight);
  response.once('close', () => {
    state.inFlight -= 1;
    if (response.writableFinished) state.answered += 1;
    else state.aborted += 1;
  });
  const url = new URL(request.url, 'http://localhost');
  const path = url.pathname.startsWith(base) ? url.pathname.slice(base.length) || '/' : url.pathname;
  response.setHeader('x-pid', process.pid);
  if (path.startsWith('/n/')) return void response.end(path.slice(3));
  const route = routes[path];
  if (route !== undefined) return void route(request, response, url);
  response.statusCode = 404;
  response.end('no such route in the app\n');
});

// A byte echo after the handshake: what passes must be exactly what was sent.
server.on('upgrade', (request, socket, head) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('error', () => undefined);
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
});

// A decimal port or, where hosting says `socket: unix`, a path.
server.listen(process.env.PORT ?? 3000);
