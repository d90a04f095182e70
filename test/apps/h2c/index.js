/** A program that speaks HTTP/2 with prior knowledge and nothing else, as a gRPC server does. */
import { createHash } from 'node:crypto';
import { createServer, sensitiveHeaders } from 'node:http2';

const settings = { enableConnectProtocol: true, maxConcurrentStreams: 20 };
// Less patient than Node's own 1,000: who resets more often on one connection loses it.
const server = createServer({ settings, streamResetBurst: 150, streamResetRate: 1 });
let sessions = 0;
let excess;
server.on('session', () => (sessions += 1));

const handlers = {
  /** What came, as JSON. */
  '/request': (stream, headers) => {
    collect(stream, (body, trailers) => {
      const secret = { 'x-open': 'a', 'x-answer-key': 'b', [sensitiveHeaders]: ['x-answer-key'] };
      stream.respond({ ':status': 200, 'content-type': 'application/json', ...secret });
      const sensitive = headers[sensitiveHeaders];
      stream.end(
        JSON.stringify({
          headers,
          sensitive,
          length: body.length,
          hash: hash(body),
          trailers,
          sessions,
          pid: process.pid,
        }),
      );
    });
  },
  '/big': (stream) => {
    stream.respond({ ':status': 200, 'content-length': 5_000_000 });
    stream.end(Buffer.alloc(5_000_000, 'b'));
  },
  /** Unary gRPC: the message back, with trailers. */
  '/grpc.Echo/Unary': (stream) => {
    collect(stream, (body) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
      stream.end(body);
    });
  },
  /** Both streamings: every piece back as it comes. */
  '/grpc.Echo/Both': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.on('data', (piece) => stream.write(piece));
    stream.on('end', () => stream.end());
  },
  /** An error without a body: trailers only. */
  '/grpc.Echo/Denied': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '7' }, { endStream: true });
  },
  /** More than the Content-Length says, behind it. */
  '/excess': (stream) => {
    stream.respond({ ':status': 200, 'content-length': 4 });
    stream.write('abcd');
    excess = stream;
  },
  '/excess/more': (stream) => {
    excess.end('e');
    stream.respond({ ':status': 200 }, { endStream: true });
  },
  /** The end comes when it is asked for. */
  '/excess/end': (stream) => {
    excess.end();
    stream.respond({ ':status': 200 }, { endStream: true });
  },
  '/hints': (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
    stream.respond({ ':status': 200 });
    stream.end('hinted');
  },
  '/reset': (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('some', () => setTimeout(() => stream.destroy(new Error('torn')), 50));
  },
  '/die': () => process.exit(3),
  '/chat': (stream, headers) => {
    if (headers[':protocol'] !== 'websocket') return stream.respond({ ':status': 400 }, { endStream: true });
    stream.respond({ ':status': 200 });
    stream.on('data', (piece) => stream.write(piece));
    stream.on('end', () => stream.end());
  },
};

function collect(stream, done) {
  const parts = [];
  let trailers = {};
  stream.on('trailers', (received) => (trailers = { ...received }));
  stream.on('data', (part) => parts.push(part));
  stream.on('end', () => done(Buffer.concat(parts), trailers));
}

function hash(body) {
  return createHash('sha256').update(body).digest('hex');
}

server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  const path = headers[':path'].split('?')[0];
  const handler = handlers[path];
  if (handler === undefined) stream.respond({ ':status': 404 }, { endStream: true });
  else handler(stream, headers);
});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
server.listen(Number(process.env.PORT), '127.0.0.1');
