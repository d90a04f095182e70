/** Clients that break the rules of HTTP/2, frame by frame, against one running server; another tenant must not notice. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ErrorCode, Flag, FrameType, Setting } from '../../../server/http2/codes.js';
import { flood, floods } from '../../acceptance/experiments/edge/http2-floods.js';
import { twoTenantsOverHttp2 } from '../../acceptance/experiments/edge/http2-fronts.js';
import { attackedHost, quietHost } from '../../acceptance/experiments/edge/two-tenants.js';
import { block, frame, RawHttp2, reset, windowUpdate } from '../../support/raw-http2.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

let server: Sluice;

beforeAll(async () => {
  server = await startSluice({ ...twoTenantsOverHttp2(), listeners: 1 });
  for (const host of [attackedHost, quietHost]) await server.call('/', { host });
}, 120_000);

afterAll(async () => {
  await server.stop();
}, 120_000);

function request(streamId: number, path = '/', isEnd = true): Buffer {
  const fields = block([
    [':method', isEnd ? 'GET' : 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', attackedHost],
  ]);
  return frame(FrameType.headers, Flag.endHeaders | (isEnd ? Flag.endStream : 0), streamId, fields);
}

async function refused(reason: string): Promise<number> {
  const match = new RegExp(`refused_requests_total\\{reason="${reason}"\\} (\\d+)`).exec(await server.metrics());
  return Number(match?.[1] ?? 0);
}

function quiet(): Promise<string> {
  return server.call('/n/1', { host: quietHost }).then(({ text }) => text);
}

test('opened and reset again and again: told to be calm, and the connection ends', async () => {
  const client = await RawHttp2.connect(server.port);
  for (let id = 1; id < 4_001 && !client.isClosed; id += 2) await client.sendAll(request(id, '/hold'), reset(id));
  await client.receives('the end', () => client.isClosed);
  expect(client.goAway?.code).toBe(ErrorCode.enhanceYourCalm);
  await until('it is counted', async () => (await refused('Http2Resets')) > 0);
  expect(await quiet()).toBe('1');
});

test('resets that the server is made to send count as well', async () => {
  const client = await RawHttp2.connect(server.port);
  for (let id = 1; id < 4_001 && !client.isClosed; id += 2)
    await client.sendAll(request(id, '/hold'), windowUpdate(id, 0));
  await client.receives('the end', () => client.isClosed);
  expect(client.goAway?.code).toBe(ErrorCode.enhanceYourCalm);
  expect(await quiet()).toBe('1');
});

test('a client that takes nothing of many answers holds little and is dropped', async () => {
  const client = await RawHttp2.connect(server.port, [[Setting.initialWindowSize, 0]]);
  for (let id = 1; id < 200; id += 2) client.send(request(id, '/bytes?count=1000000'));
  // webLimits.minBytesPerSecond, after its grace.
  await client.receives(
    'every stream is given up',
    () => client.of(FrameType.rstStream).length === 100 || client.isClosed,
  );
  expect(await quiet()).toBe('1');
  client.close();
});

test('heads that cannot be taken are answered, then the client has to go', async () => {
  const client = await RawHttp2.connect(server.port);
  const large = frame(
    FrameType.headers,
    Flag.endStream,
    1,
    block([
      [':method', 'GET'],
      ['x', 'y'.repeat(9_000)],
    ]),
  );
  client.send(large);
  for (let n = 0; n < 6; n += 1)
    client.send(frame(FrameType.continuation, 0, 1, block([[`x-${n}`, 'y'.repeat(9_000)]])));
  await client.receives('the end', () => client.isClosed);
  expect(client.goAway?.code).toBe(ErrorCode.enhanceYourCalm);
});

test('garbage instead of a preface, and a preface that stops, get no answer', async () => {
  const early = await RawHttp2.connect(server.port);
  early.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await early.receives('the end', () => early.isClosed);
  expect(await quiet()).toBe('1');
});

test('floods of every kind: another tenant loses nothing', async () => {
  for (const kind of floods) {
    const { lost } = await flood(server, { kind, connections: 4, seconds: 0.4, over: 'tcp', port: server.port });
    expect({ kind, lost }).toEqual({ kind, lost: 0 });
  }
}, 120_000);

test('an ordinary client is never told to be calm', async () => {
  const client = await RawHttp2.connect(server.port);
  for (let id = 1; id < 3_000; id += 2) {
    client.send(request(id, '/n/1'));
    if (id % 50 === 1) await client.receives('answers', () => client.of(FrameType.data).length >= (id - 1) / 2 - 60);
  }
  await client.receives('all answers', () => client.of(FrameType.headers).length === 1_500);
  expect(client.goAway).toBeNull();
  client.close();
});
