/**
 * Micro-benchmark of server/http2: what 64 streams cost per request, pure, and over a socket beside node:http2 with the
 * same client bytes. Plain script: `node dist/test/bench/http2.bench.js`.
 */
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { FieldKind } from '../../server/http1/field-kinds.js';
import { createResponseHead } from '../../server/http1/response-head.js';
import { FrameType } from '../../server/http2/codes.js';
import { FrameBuffer } from '../../server/http2/frame-buffer.js';
import { createServerConnection } from '../../server/http2/server-connection.js';
import type { FrameOutput, ServerConnection } from '../../server/http2/types.js';
import { Encoder, headers, preface, requestFields, settings, windowUpdate } from '../support/http2-frames.js';
import { measure } from './micro.js';

const streams = 64;
const body = Buffer.from('hello world');
const answer = createResponseHead();
answer.status = 200;
answer.framing = 'length';
answer.contentLength = body.length;
for (const [name, value, kind] of [
  ['X-Powered-By', 'Express', FieldKind.plain],
  ['Content-Type', 'text/plain; charset=utf-8', FieldKind.plain],
  ['Content-Length', String(body.length), FieldKind.contentLength],
  ['ETag', 'W/"b-Kq5sNclPz7QV2+lfQIuc6R7oRu0"', FieldKind.plain],
  ['Date', 'Sat, 01 Aug 2026 10:00:00 GMT', FieldKind.date],
  ['Connection', 'keep-alive', FieldKind.connection],
  ['Keep-Alive', 'timeout=5', FieldKind.keepAlive],
] as const) {
  answer.fields.push(name, value);
  answer.fieldKinds.push(kind);
}
const additions = { date: 'Sat, 01 Aug 2026 10:00:00 GMT', cookie: '', strictTransportSecurity: '' };

function serve(output: FrameOutput): ServerConnection<null> {
  const connection: ServerConnection<null> = createServerConnection<null>(
    output,
    {
      onRequest(stream) {
        connection.respond(stream, answer, additions, false);
        connection.data(stream, body, 0, body.length);
        connection.end(stream, null);
        connection.release(stream);
      },
      onData: (stream, _buffer, start, end) => connection.consumed(stream, end - start),
      onEnd: () => undefined,
      onReset: (stream) => connection.release(stream),
      onWritable: () => undefined,
      onMalformed: () => undefined,
      onFailed: (failure) => console.log(`failed: ${failure.reason}`),
      onDrained: () => undefined,
    },
    { schemes: 'any' },
  );
  connection.start();
  return connection;
}

/** The bytes of 64 requests as a client sends them again and again: all fields indexed. */
class Requests {
  readonly #encoder = new Encoder();
  #nextId = 1;
  readonly #fields = requestFields(
    'GET',
    '/api/products/42',
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
    'accept',
    'text/html,application/xhtml+xml;q=0.9',
    'accept-encoding',
    'gzip, deflate, br',
    'accept-language',
    'en-GB,en;q=0.5',
    'cache-control',
    'max-age=0',
  );

  next(): Buffer {
    const frames: Buffer[] = [];
    for (let i = 0; i < streams; i += 1, this.#nextId += 2) {
      frames.push(headers(this.#nextId, this.#encoder.block(...this.#fields)));
    }
    frames.push(windowUpdate(0, streams * body.length));
    return Buffer.concat(frames);
  }
}

/** Over a socket: CPU of the whole process, its cheap client included. */
async function overSocket(name: string, server: Server | ReturnType<typeof createHttp2Server>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const requests = new Requests();
  const rounds = 3_000;
  const batches = Array.from({ length: rounds }, () => requests.next());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.write(Buffer.concat([preface, settings(), windowUpdate(0, 100_000_000)]));
  let started = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) {
    if (round === rounds / 3) started = process.cpuUsage();
    const done = answersOf(socket, streams);
    socket.write(batches[round] ?? Buffer.alloc(0));
    await done;
  }
  const used = process.cpuUsage(started);
  const requestsMeasured = (rounds * 2 * streams) / 3;
  console.log(`${name.padEnd(48)} ${Math.round(((used.user + used.system) * 1_000) / requestsMeasured)} ns/request`);
  socket.destroy();
  server.close();
}

/** Counts ends of streams by skimming over frame headers. */
function answersOf(socket: Socket, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    let skip = 0;
    let header: Buffer = Buffer.alloc(0);
    const onData = (bytes: Buffer): void => {
      let at = skip;
      const whole = header.length > 0 ? Buffer.concat([header, bytes]) : bytes;
      header = Buffer.alloc(0);
      for (; at + 9 <= whole.length; at += 9 + whole.readUIntBE(at, 3)) {
        if (whole[at + 3] === FrameType.data && ((whole[at + 4] ?? 0) & 1) !== 0) left -= 1;
      }
      skip = Math.max(0, at - whole.length);
      if (at < whole.length) header = whole.subarray(at);
      if (left > 0) return;
      socket.off('data', onData);
      resolve();
    };
    socket.on('data', onData);
  });
}

function pure(): void {
  const output = new FrameBuffer(65_536);
  const connection = serve(output);
  const start = Buffer.concat([preface, settings(), windowUpdate(0, 1_000_000_000)]);
  connection.receive(start, 0, start.length, 1);
  const requests = new Requests();
  requests.next();
  const batch = requests.next();
  const first = new Requests().next();
  connection.receive(first, 0, first.length, 1);
  let id = streams * 2 + 1;
  let at = 0;
  const offsets: number[] = [];
  for (let i = 0, offset = 0; i < streams; i += 1, offset += 9 + batch.readUIntBE(offset, 3)) offsets.push(offset);
  measure('request and answer of 64 streams, pure', () => {
    const offset = offsets[at] ?? 0;
    batch.writeUInt32BE(id, offset + 5);
    const end = offsets[at + 1] ?? batch.length;
    id += 2;
    connection.receive(batch, offset, end, 1);
    if ((at = (at + 1) % streams) === 0) output.at = 0;
    return output.at;
  });
}

pure();
await overSocket(
  'request and answer over a socket, server/http2',
  createServer((socket) => {
    const output = new FrameBuffer(65_536);
    const connection = serve(output);
    socket.on('data', (bytes) => {
      connection.receive(bytes, 0, bytes.length, 1);
      socket.write(output.take());
    });
  }),
);
await overSocket(
  'request and answer over a socket, node:http2',
  createHttp2Server((_request, response) => {
    response.writeHead(200, {
      'x-powered-by': 'Express',
      'content-type': 'text/plain; charset=utf-8',
      'content-length': body.length,
      etag: 'W/"b-Kq5sNclPz7QV2+lfQIuc6R7oRu0"',
      date: 'Sat, 01 Aug 2026 10:00:00 GMT',
    });
    response.end(body);
  }),
);
process.exitCode = 0;
