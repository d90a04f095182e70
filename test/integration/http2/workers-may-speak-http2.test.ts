/** `hosting.protocol: h2c`: an application that speaks HTTP/2 and nothing else, for clients of both versions. */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { sensitiveHeaders } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../../support/http-client.js';
import { answerOf, Http2Client } from '../../support/http2-client.js';
import { outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { type Sluice, startSluice } from '../../support/sluice.js';

let server: Sluice;
let client: Http2Client;

interface Seen {
  readonly headers: Record<string, string>;
  /** Names of fields that may never be indexed. */
  readonly sensitive: readonly string[];
  readonly length: number;
  readonly hash: string;
  readonly trailers: Record<string, string>;
  readonly sessions: number;
  readonly pid: number;
}

beforeAll(async () => {
  server = await startSluice({
    applicationPools: [{ name: 'h2c' }],
    sites: (port) => [
      {
        name: 'h2c',
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }],
        applications: [
          {
            path: '/',
            applicationPool: 'h2c',
            physicalPath: app('h2c'),
            ...outOfProcess('index.js', { protocol: 'h2c', requestTimeout: '00:01:00' }),
            preloadEnabled: true,
          },
        ],
      },
    ],
  });
  client = await Http2Client.connect(`http://shop.test:${server.port}`);
}, 120_000);

afterAll(async () => {
  client.destroy();
  await server.stop();
}, 120_000);

test('what the program sees of a request', async () => {
  const body = Buffer.alloc(400_000, 'u');
  const fields = { te: 'trailers', 'x-forwarded-for': '10.9.9.9', trailer: 'x-sum', cookie: ['a=1', 'b=2'] };
  const answer = await client.call('/request?a=1', { method: 'POST', body, fields, trailers: { 'x-sum': '7' } });
  const seen = JSON.parse(answer.text) as Seen;
  expect(seen.headers).toMatchObject({
    ':method': 'POST',
    ':path': '/request?a=1',
    ':scheme': 'http',
    ':authority': `shop.test:${server.port}`,
    te: 'trailers',
    cookie: 'a=1; b=2',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'ms-aspnetcore-token': expect.stringMatching(/./),
  });
  expect(seen.hash).toBe(createHash('sha256').update(body).digest('hex'));
  expect(seen.trailers['x-sum']).toBe('7');
});

test('what one side never indexes is not indexed towards the other side either', async () => {
  const fields = { 'x-api-key': 'k', 'x-plain': 'p', authorization: 'a', [sensitiveHeaders]: ['x-api-key', ':path'] };
  const secret = await client.call('/request?b=2', { fields });
  const plain = await client.call('/request?b=2', { fields: { 'x-api-key': 'k' } });
  const [first, second] = [secret, plain].map(({ text }) => (JSON.parse(text) as Seen).sensitive);
  expect(first?.toSorted()).toEqual([':path', 'authorization', 'x-api-key']);
  expect(second).toEqual([]);
  const toClient = Reflect.get(secret.fields, sensitiveHeaders);
  expect(toClient).toEqual(['x-answer-key']);
});

test('an answer that has its Content-Length is complete when its stream ends, no sooner', async () => {
  for (const [path, text, isWhole] of [
    ['/excess/end', 'abcd', true],
    ['/excess/more', 'abc', false],
  ] as const) {
    const stream = client.open('/excess', {}, true);
    const answer = answerOf(stream);
    await new Promise((resolve) => stream.once('data', resolve));
    await client.call(path);
    const { resetCode, text: seen } = await answer;
    expect({ path, seen, isWhole: resetCode === 0 }).toEqual({ path, seen: text, isWhole });
  }
});

test('a client of HTTP/1.1 sees an answer like any other', async () => {
  const body = Buffer.alloc(300_000, 'p');
  const posted = await call(server.port, '/request', { method: 'POST', body, host: 'shop.test' });
  expect((JSON.parse(posted.text) as Seen).length).toBe(body.length);
  expect([posted.status, posted.headers['transfer-encoding']]).toEqual([200, 'chunked']);
  const big = await call(server.port, '/big', { host: 'shop.test' });
  expect([big.headers['content-length'], big.body.length]).toEqual(['5000000', 5_000_000]);
  const head = await call(server.port, '/big', { method: 'HEAD', host: 'shop.test' });
  expect([head.status, head.body.length]).toEqual([200, 0]);
  expect((await call(server.port, '/nowhere', { host: 'shop.test' })).status).toBe(404);
});

describe('gRPC', () => {
  const fields = { 'content-type': 'application/grpc', te: 'trailers' };

  test('unary calls with trailers, 60 at a time on few connections', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        client.call('/grpc.Echo/Unary', { method: 'POST', fields, body: `message ${i}` }),
      ),
    );
    for (const [i, answer] of answers.entries()) {
      expect([answer.status, answer.text, answer.trailers['grpc-status']]).toEqual([200, `message ${i}`, '0']);
      expect(answer.trailers['grpc-message']).toBe('fine');
    }
    const seen = JSON.parse((await client.call('/request')).text) as Seen;
    // 20 streams to a connection is what the program allows; idle connections end, so that a slow machine sees more of them.
    expect(seen.sessions).toBeLessThanOrEqual(30);
  });

  test('both streamings at once: each piece comes back before the next is sent', async () => {
    const stream = client.open('/grpc.Echo/Both', { method: 'POST', fields });
    const answer = answerOf(stream);
    for (let i = 0; i < 5; i++) {
      const back = new Promise<Buffer>((resolve) => stream.once('data', resolve));
      stream.write(`piece ${i}`);
      expect((await back).toString()).toBe(`piece ${i}`);
    }
    stream.end();
    expect((await answer).trailers['grpc-status']).toBe('0');
  });

  test('an error without a body is one head', async () => {
    const answer = await client.call('/grpc.Echo/Denied', { method: 'POST', fields, body: 'x' });
    expect([answer.status, answer.fields['grpc-status'], answer.bytes.length]).toEqual([200, '7', 0]);
  });

  test('a call that the client gives up is given up at the program too', async () => {
    const stream = client.open('/grpc.Echo/Both', { method: 'POST', fields });
    stream.write('x');
    await new Promise((resolve) => stream.once('data', resolve));
    stream.close(8);
    expect((await client.call('/grpc.Echo/Unary', { method: 'POST', fields, body: 'after' })).text).toBe('after');
  });
});

test('a client that resets its requests again and again costs no other client its connection to the program', async () => {
  const fields = { 'content-type': 'application/grpc' };
  const patient = client.open('/grpc.Echo/Both', { method: 'POST', fields });
  const torn = answerOf(patient);
  const said = async (piece: string): Promise<string> => {
    const back = new Promise<Buffer>((resolve) => patient.once('data', resolve));
    patient.write(piece);
    return String(await Promise.race([back, torn.then(({ resetCode }) => `reset ${resetCode}`)]));
  };
  expect(await said('first')).toBe('first');
  const hasty = await Http2Client.connect(`http://shop.test:${server.port}`);
  const openAndReset = async (): Promise<void> => {
    const stream = hasty.open('/grpc.Echo/Both', { method: 'POST' });
    const ended = answerOf(stream);
    stream.write('x');
    await Promise.race([new Promise((resolve) => stream.once('data', resolve)), ended]);
    stream.close(8);
    await ended;
  };
  for (let round = 0; round < 40; round += 1) await Promise.all(Array.from({ length: 10 }, openAndReset));
  expect(hasty.goAway).toBeNull();
  expect(await said('last')).toBe('last');
  patient.end();
  expect((await torn).resetCode).toBe(0);
  await hasty.close();
}, 120_000);

test('interim answers pass, a torn answer is torn', async () => {
  expect((await client.call('/hints')).interim).toEqual([103]);
  expect((await client.call('/reset')).resetCode).not.toBe(0);
  await expect(call(server.port, '/reset', { host: 'shop.test' })).rejects.toThrow(/aborted|hang up|reset/);
});

test('a WebSocket over either version reaches the program as an extended CONNECT', async () => {
  const stream = client.session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', 'sec-websocket-version': '13' },
    { endStream: false },
  );
  const [answer] = await new Promise<[Record<string, unknown>]>((resolve) =>
    stream.once('response', (fields) => resolve([fields])),
  );
  expect(answer[':status']).toBe(200);
  stream.write('over two');
  const echoed = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
  expect(echoed.toString()).toBe('over two');
  stream.close();

  const upgraded = await new Promise<string>((resolve, reject) => {
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    const headers = { host: 'shop.test', connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': key };
    const outgoing = request({ host: '127.0.0.1', port: server.port, path: '/chat', headers });
    outgoing.on('error', reject);
    outgoing.on('upgrade', (response, socket) => {
      socket.on('error', () => undefined);
      socket.write('over one');
      socket.once('data', (bytes: Buffer) => {
        socket.destroy();
        resolve(`${response.headers['sec-websocket-accept']} ${bytes.toString()}`);
      });
    });
    outgoing.end();
  });
  // The value that RFC 6455 1.3 gives for this key.
  expect(upgraded).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo= over one');
});

test('a program that dies is followed by the next', async () => {
  const before = JSON.parse((await client.call('/request')).text) as Seen;
  expect((await client.call('/die')).status).toBe(502);
  const after = JSON.parse((await client.call('/request')).text) as Seen;
  expect(after.pid).not.toBe(before.pid);
});
