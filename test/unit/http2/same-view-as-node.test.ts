/** Differential: node:http2 as the client of our engine, and as the server behind it. */
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClientConnection } from '../../../server/http2/client-connection.js';
import { FrameBuffer } from '../../../server/http2/frame-buffer.js';
import { createServerConnection } from '../../../server/http2/server-connection.js';
import type { ClientConnection, ClientStream, Http2Request, ServerConnection } from '../../../server/http2/types.js';
import { Random } from '../../support/random.js';

const random = new Random(9_113);

function listen(server: Server | ReturnType<typeof createHttp2Server>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Says as JSON what the engine saw of a request. */
function viewer(socket: Socket): void {
  const output = new FrameBuffer();
  const bodies = new Map<number, Buffer[]>();
  const flush = (): void => {
    const bytes = output.take();
    if (bytes.length > 0) socket.write(bytes);
  };
  const connection: ServerConnection<null> = createServerConnection<null>(
    output,
    {
      onRequest(stream) {
        bodies.set(stream.id, []);
        if (stream.isPeerDone) this.onEnd(stream, null);
      },
      onData(stream, buffer, start, end) {
        bodies.get(stream.id)?.push(Buffer.from(buffer.subarray(start, end)));
        connection.consumed(stream, end - start);
      },
      onEnd(stream, trailers) {
        const { method, target, fields } = stream.request;
        const body = Buffer.concat(bodies.get(stream.id) ?? []);
        const text = Buffer.from(JSON.stringify({ method, target, fields, body: body.toString('base64'), trailers }));
        connection.respondWith(stream, 200, ['X-Seen', 'yes', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'], false);
        connection.data(stream, text, 0, text.length);
        connection.end(stream, ['x-length', String(text.length)]);
        connection.release(stream);
      },
      onReset: (stream) => connection.release(stream),
      onWritable: () => undefined,
      onMalformed: () => undefined,
      onFailed: () => socket.end(),
      onDrained: () => undefined,
    },
    { schemes: 'any' },
  );
  connection.start();
  flush();
  socket.on('data', (bytes) => {
    connection.receive(bytes, 0, bytes.length, 1);
    flush();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => connection.abandon());
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
}

function ask(client: ClientHttp2Session, fields: OutgoingHttpHeaders, body: Buffer | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = client.request(fields, { endStream: body === null });
    const parts: Buffer[] = [];
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on('response', (received) => (headers = received));
    stream.on('trailers', (received) => (trailers = received));
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => resolve({ headers, body: Buffer.concat(parts).toString(), trailers }));
    stream.on('error', reject);
    if (body !== null) stream.end(body);
  });
}

describe('node:http2 as client', () => {
  const server = createServer(viewer);
  let client: ClientHttp2Session;

  beforeAll(async () => {
    client = connectHttp2(`http://127.0.0.1:${await listen(server)}`, { maxSessionMemory: 200 });
  });

  afterAll(() => {
    client.destroy();
    server.close();
  });

  test('the engine sees what it sent, 200 requests at once (seed 9113)', async () => {
    const requests = Array.from({ length: 200 }, (_, i) => {
      const body = i % 3 === 0 ? null : Buffer.alloc(random.below(60_000), i);
      const fields = Object.fromEntries(
        Array.from({ length: random.below(20) }, (_unused, k) => [`x-${k}`, `${'v'.repeat(random.below(40))}${k % 3}`]),
      );
      return { path: `/${i}?q=${i}`, body, fields };
    });
    const answers = await Promise.all(
      requests.map(({ path, body, fields }) =>
        ask(client, { ':path': path, ':method': body === null ? 'GET' : 'POST', ...fields }, body),
      ),
    );
    for (const [i, answer] of answers.entries()) {
      const { path, body, fields } = requests[i] ?? { path: '', body: null, fields: {} };
      expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
      expect(answer.trailers['x-length']).toBe(String(answer.body.length));
      const seen = JSON.parse(answer.body) as { target: string; body: string; fields: string[] };
      expect(seen.target).toBe(path);
      expect(seen.body === (body ?? Buffer.alloc(0)).toString('base64')).toBe(true);
      const named = seen.fields.flatMap((name, k) =>
        name.startsWith('x-') && k % 2 === 0 ? [[name, seen.fields[k + 1]]] : [],
      );
      expect(Object.fromEntries(named)).toEqual(fields);
    }
  });

  test('a request that it cancels leaves the others alone', async () => {
    const cancelled = client.request({ ':path': '/cancelled', ':method': 'POST' }, { endStream: false });
    cancelled.on('error', () => undefined);
    cancelled.write('some');
    const closed = new Promise((resolve) => cancelled.on('close', resolve));
    cancelled.close(constants.NGHTTP2_CANCEL);
    await closed;
    expect((await ask(client, { ':path': '/after' }, null)).headers[':status']).toBe(200);
  });
});

interface Collected {
  status: number;
  readonly interims: number[];
  readonly parts: Buffer[];
  fields: string[];
  trailers: string[] | null;
  done: (outcome: string) => void;
}

/** One connection of our client engine; answers come as promises. */
class Client {
  readonly #output = new FrameBuffer();
  readonly #socket: Socket;
  readonly connection: ClientConnection<Collected>;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    const finish = (stream: ClientStream<Collected>, outcome: string): void => {
      stream.owner?.done(outcome);
      this.connection.release(stream);
    };
    this.connection = createClientConnection<Collected>(this.#output, {
      onAnswer(stream) {
        const { owner, answer } = stream;
        if (owner === null) return;
        if (answer.status < 200) {
          owner.interims.push(answer.status);
          return;
        }
        owner.status = answer.status;
        owner.fields = [...answer.fields];
        if (stream.isPeerDone) finish(stream, 'ended');
      },
      onData: (stream, buffer, start, end) => {
        stream.owner?.parts.push(Buffer.from(buffer.subarray(start, end)));
        this.connection.consumed(stream, end - start);
      },
      onEnd(stream, trailers) {
        if (stream.owner !== null) stream.owner.trailers = trailers;
        finish(stream, 'ended');
      },
      onReset: (stream, code) => finish(stream, `reset ${code}${stream.isUnprocessed ? ' unprocessed' : ''}`),
      onWritable: () => undefined,
      onMalformed: () => undefined,
      onCapacity: () => undefined,
      onFailed: () => this.#socket.end(),
      onDrained: () => undefined,
    });
    this.connection.start();
    this.flush();
    this.#socket.on('data', (bytes) => {
      this.connection.receive(bytes, 0, bytes.length, 1);
      this.flush();
    });
    this.#socket.on('error', () => undefined);
  }

  flush(): void {
    const bytes = this.#output.take();
    if (bytes.length > 0) this.#socket.write(bytes);
  }

  async ask(path: string, body: Buffer, fields: readonly string[] = []): Promise<Collected & { outcome: string }> {
    const request: Http2Request = {
      method: body.length === 0 ? 'GET' : 'POST',
      scheme: 'http',
      authority: 'a.test',
      path,
      protocol: '',
      fields,
      neverIndexed: null,
    };
    const collected: Collected = {
      status: 0,
      interims: [],
      parts: [],
      fields: [],
      trailers: null,
      done: () => undefined,
    };
    const outcome = await new Promise<string>((resolve) => {
      collected.done = resolve;
      const stream = this.connection.open(request, body.length === 0);
      if (stream === null) throw new Error('no stream');
      stream.owner = collected;
      this.connection.data(stream, body, 0, body.length);
      this.connection.end(stream, ['x-sum', String(body.length)]);
      this.flush();
    });
    return { ...collected, outcome };
  }

  close(): void {
    this.connection.abandon();
    this.#socket.destroy();
  }
}

describe('node:http2 as server', () => {
  const server = createHttp2Server();
  let client: Client;

  beforeAll(async () => {
    server.on('stream', (stream, headers) => {
      const path = String(headers[':path']);
      stream.on('error', () => undefined);
      if (path === '/refuse') return stream.close(constants.NGHTTP2_REFUSED_STREAM);
      if (path === '/hints') stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      const parts: Buffer[] = [];
      let trailers: IncomingHttpHeaders = {};
      stream.on('trailers', (received) => (trailers = received));
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const body = Buffer.concat(parts);
        stream.respond(
          { ':status': 200, 'x-path': path, 'x-sum': String(trailers['x-sum']) },
          { waitForTrailers: true },
        );
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(path === '/big' ? Buffer.alloc(1_000_000, 'b') : body);
      });
    });
    client = new Client(await listen(server));
  });

  afterAll(() => {
    client.close();
    server.close();
  });

  test('bodies and trailers both ways, 60 at once', async () => {
    const bodies = Array.from({ length: 60 }, (_, i) => Buffer.alloc(random.below(150_000), i));
    const answers = await Promise.all(bodies.map((body, i) => client.ask(`/${i}`, body)));
    for (const [i, answer] of answers.entries()) {
      expect([answer.outcome, answer.status, answer.trailers]).toEqual(['ended', 200, ['grpc-status', '0']]);
      expect(answer.fields.slice(0, 2)).toEqual(['x-path', `/${i}`]);
      expect(Buffer.concat(answer.parts).equals(bodies[i] ?? Buffer.alloc(0))).toBe(true);
    }
  });

  test('a large answer, an interim answer, and a refusal that may be repeated', async () => {
    const big = await client.ask('/big', Buffer.alloc(0));
    expect(Buffer.concat(big.parts).length).toBe(1_000_000);
    expect((await client.ask('/hints', Buffer.alloc(0))).interims).toEqual([103]);
    expect((await client.ask('/refuse', Buffer.alloc(0))).outcome).toBe('reset 7 unprocessed');
    expect(client.connection.streamCount).toBe(0);
  });
});
