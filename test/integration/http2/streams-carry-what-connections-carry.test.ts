/** One server with both kinds of hosting, and what an HTTP/2 client sees of it over ALPN and with prior knowledge. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { constants } from 'node:http2';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { beginnings, outcomeOf } from '../../conformance/http2/beginnings.js';
import { freePort } from '../../support/free-port.js';
import { answerOf, Http2Client } from '../../support/http2-client.js';
import { call } from '../../support/http-client.js';
import { outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { TestAuthority } from '../../support/test-certificates.js';
import { until } from '../../support/time.js';
import { tlsCall } from '../../support/tls-client.js';

const folder = tempFolder('http2');
const authority = new TestAuthority(join(folder, 'ca'));
const models = [
  ['in-process', ''],
  ['out-of-process', '/out'],
] as const;

let server: Sluice;
let tlsPort = 0;
let client: Http2Client;
let clear: Http2Client;

function accessLog(): Record<string, unknown>[] {
  const text = readFileSync(join(server.folder, 'log/access/access.log'), 'latin1');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

beforeAll(async () => {
  const { certFile, keyFile } = authority.issue({ names: ['shop.test', 'other.test', 'strange.test'] });
  const lonely = authority.issue({ names: ['lonely.test'] });
  server = await startSluice({
    applicationPools: [
      { name: 'in', processModel: { shutdownTimeLimit: '00:00:03' } },
      { name: 'out' },
      { name: 'kept', affinity: 'cookie' },
      { name: 'lonely' },
      { name: 'recorder' },
    ],
    sites: async (port) => {
      tlsPort = await freePort();
      const https = (host: string, more = {}) => ({
        protocol: 'https',
        bindingInformation: `*:${tlsPort}:${host}`,
        certificate: { certFile, keyFile },
        ...more,
      });
      return [
        {
          name: 'shop',
          hsts: { enabled: true, 'max-age': 300 },
          bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }, https('shop.test')],
          applications: [
            { path: '/', applicationPool: 'in', physicalPath: app('plain') },
            { path: '/out', applicationPool: 'out', physicalPath: app('plain'), ...outOfProcess('index.js') },
            {
              path: '/deaf',
              applicationPool: 'out',
              physicalPath: app('plain'),
              ...outOfProcess('index.js', { webSocket: false }),
            },
            { path: '/recorder', applicationPool: 'recorder', physicalPath: app('recorder') },
          ],
          security: { requestFiltering: { requestLimits: { maxAllowedContentLength: 200_000_000 } } },
        },
        {
          name: 'other',
          bindings: [https('other.test'), https('strange.test', { http2: false })],
          applications: [{ path: '/', applicationPool: 'kept', physicalPath: app('plain') }],
          security: { requestFiltering: { requestLimits: { maxAllowedContentLength: 1_000 } } },
        },
        {
          name: 'lonely',
          bindings: [{ ...https('lonely.test'), certificate: { certFile: lonely.certFile, keyFile: lonely.keyFile } }],
          applications: [{ path: '/', applicationPool: 'lonely', physicalPath: app('plain') }],
        },
      ];
    },
  });
  client = await Http2Client.connect(`https://shop.test:${tlsPort}`);
  clear = await Http2Client.connect(`http://shop.test:${server.port}`);
}, 120_000);

afterAll(async () => {
  client.destroy();
  clear.destroy();
  await server.stop();
  removeFolder(folder);
}, 120_000);

describe.each(models)('%s', (_name, base) => {
  test('requests, bodies, interim answers and trailers pass both ways', async () => {
    const hello = await client.call(`${base}/request?a=1`, {
      fields: { cookie: ['a=1', 'b=2'], 'x-twice': ['1', '2'] },
    });
    const seen = JSON.parse(hello.text) as { method: string; url: string; version: string; headers: string[] };
    expect(hello.status).toBe(200);
    expect(seen).toMatchObject({ method: 'GET', url: `${base}/request?a=1`, version: '1.1' });
    expect(seen.headers.slice(0, 2)).toEqual(['host', `shop.test:${tlsPort}`]);
    expect(seen.headers).toContain('a=1; b=2');
    expect(seen.headers.filter((one) => one === 'x-twice')).toHaveLength(2);
    expect(hello.fields['connection']).toBeUndefined();
    expect(hello.fields['transfer-encoding']).toBeUndefined();
    expect(hello.fields['date']).toMatch(/ GMT$/);
    expect(hello.fields['strict-transport-security']).toBe('max-age=300');

    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
    const echoed = await client.call(`${base}/echo`, { method: 'POST', body: bytes });
    expect(echoed.bytes.equals(bytes)).toBe(true);
    const known = await client.call(`${base}/digest`, {
      method: 'PUT',
      fields: { 'content-length': bytes.length },
      body: bytes,
    });
    expect(JSON.parse(known.text)).toMatchObject({ bytes: bytes.length });
    const trailers = await client.call(`${base}/digest`, {
      method: 'POST',
      fields: { trailer: 'x-check' },
      body: 'abc',
      trailers: { 'x-check': '7' },
    });
    expect(JSON.parse(trailers.text)).toMatchObject({ bytes: 3, trailers: { 'x-check': '7' } });

    const hinted = await client.call(`${base}/early-hints`);
    expect(hinted).toMatchObject({ interim: [103], status: 200, text: 'hinted' });
    const summed = await client.call(`${base}/trailers`);
    expect(summed).toMatchObject({ text: 'body', trailers: { 'x-sum': '42' } });
    const head = await client.call(`${base}/bytes?count=77`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.fields['content-length']).toBe('77');
    expect((await client.call(`${base}/nothing`)).status).toBe(204);
    expect((await client.call(`${base}/unchanged`)).status).toBe(304);
    expect((await client.call(`${base}/close`)).text).toBe('last');
    expect((await client.call(`${base}/echo`, { method: 'POST', body: '' })).status).toBe(200);
    const expected = await client.call(`${base}/echo`, {
      method: 'POST',
      fields: { expect: '100-continue' },
      body: 'asked first',
    });
    expect(expected).toMatchObject({ status: 200, text: 'asked first', interim: [100] });
  });

  test('100 streams at once, each with an answer of its own', async () => {
    const before = JSON.parse((await clear.call(`${base}/state`)).text) as { mostInFlight: number };
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const slow = await clear.call(`${base}/slow?ms=${200 + (index % 7)}`);
        return slow.status === 200 ? (await clear.call(`${base}/n/${index}`)).text : slow.text;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
    const after = JSON.parse((await clear.call(`${base}/state`)).text) as { mostInFlight: number };
    expect(before.mostInFlight).toBeLessThan(100);
    expect(after.mostInFlight).toBe(100);
  });

  test('100 MB up and down over ten streams', async () => {
    const piece = Buffer.alloc(10_000_000, 'up and down ');
    const sha256 = createHash('sha256').update(piece).digest('hex');
    const ups = Array.from({ length: 10 }, () => client.call(`${base}/digest`, { method: 'POST', body: piece }));
    const downs = Array.from({ length: 10 }, () => client.call(`${base}/bytes?count=10000000`));
    for (const up of await Promise.all(ups)) expect(JSON.parse(up.text)).toMatchObject({ bytes: piece.length, sha256 });
    for (const down of await Promise.all(downs)) {
      expect(down.bytes).toHaveLength(10_000_000);
      expect(down.resetCode).toBe(0);
    }
  }, 120_000);

  test('a websocket by extended CONNECT is an upgrade for the app', async () => {
    const stream = client.open(`${base}/ws`, {
      method: 'CONNECT',
      fields: { ':protocol': 'websocket', 'sec-websocket-version': '13' },
    });
    const chunks: Buffer[] = [];
    let status = 0;
    let hasEnded = false;
    stream.on('response', (fields) => {
      status = Number(fields[':status']);
      expect(fields['sec-websocket-accept']).toBeUndefined();
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      hasEnded = true;
    });
    await until('the tunnel is open', () => status > 0);
    expect(status).toBe(200);
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 5) % 256));
    stream.write(bytes);
    await until('the echo', () => Buffer.concat(chunks).length === bytes.length);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    stream.end();
    await until('the app ends its side', () => hasEnded);
  });

  test('a stream that its client resets ends in the app, and the others go on', async () => {
    const before = JSON.parse((await client.call(`${base}/state`)).text) as { aborted: number; inFlight: number };
    const held = client.open(`${base}/hold`, {}, true);
    const state = async (): Promise<{ aborted: number; inFlight: number }> =>
      JSON.parse((await client.call(`${base}/state`)).text) as { aborted: number; inFlight: number };
    await until('the app has it', async () => (await state()).inFlight === before.inFlight + 1);
    held.close(constants.NGHTTP2_CANCEL);
    await until('the app heard of it', async () => (await state()).aborted === before.aborted + 1);
    expect((await client.call(`${base}/n/7`)).text).toBe('7');
  });

  test('an answer without reading the body, and one that breaks off', async () => {
    const early = await client.call(`${base}/early`, { method: 'POST', body: Buffer.alloc(5_000_000) });
    expect(early).toMatchObject({ status: 403, text: 'refused early' });
    expect((await client.call(`${base}/n/8`)).text).toBe('8');
  });

  test('a worker that dies under an answer tears it visibly, and costs no other request', async () => {
    const half = answerOf(clear.open(`${base}/half`, {}, true));
    const pool = base === '' ? 'in' : 'out';
    await until('half of it', async () => (await server.pool(pool)).workers.some(({ inFlight }) => inFlight > 0));
    const torn = clear.open(`${base}/half`, {}, true);
    let isSeen = false;
    torn.on('data', () => {
      isSeen = true;
    });
    const ended = answerOf(torn);
    await until('its first bytes', () => isSeen);
    for (const pid of await server.workerPids(pool)) process.kill(pid, 'SIGKILL');
    expect((await ended).resetCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    expect((await half).resetCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    expect((await clear.call(`${base}/n/9`)).text).toBe('9');
  });
});

test('each stream is judged by its own host: 421, 404, 413, and limits of the site', async () => {
  const authorityOf = (host: string) => ({ ':authority': `${host}:${tlsPort}` });
  const other = await client.call('/pid', { fields: authorityOf('other.test') });
  expect(other.status).toBe(200);
  expect(other.fields['set-cookie']?.[0]).toMatch(/^SluiceAffinity=/);
  expect(other.fields['strict-transport-security']).toBeUndefined();
  expect((await client.call('/', { fields: authorityOf('lonely.test') })).status).toBe(421);
  // Its binding does not offer HTTP/2.
  expect((await client.call('/', { fields: authorityOf('strange.test') })).status).toBe(421);
  expect((await client.call('/', { fields: authorityOf('nobody.test') })).status).toBe(404);
  const known = await client.call('/echo', {
    method: 'POST',
    fields: { ...authorityOf('other.test'), 'content-length': 1_001 },
    body: Buffer.alloc(1_001),
  });
  expect(known.status).toBe(413);
  const unknown = await client.call('/digest', {
    method: 'POST',
    fields: authorityOf('other.test'),
    body: Buffer.alloc(1_001),
  });
  expect(unknown.status).toBe(413);
  expect((await client.call('/n/1')).text).toBe('1');
  const page = await client.call('/', { fields: { ...authorityOf('nobody.test'), accept: 'text/html' } });
  expect(page.text).toContain('<h1>404');
  expect(page.fields['content-length']).toBe(String(page.bytes.length));
});

test('an upgrade that the app does not take is no tunnel; a draining worker says come back', async () => {
  const how = { method: 'CONNECT', fields: { ':protocol': 'websocket', 'sec-websocket-version': '13' } };
  // Any 2xx would accept it (RFC 8441 5), also the page that the app answers.
  expect((await answerOf(client.open('/recorder/', how))).status).toBe(502);
  expect((await answerOf(client.open('/deaf/', how))).status).toBe(501);
  const stream = client.open('/ws', how);
  const chunks: Buffer[] = [];
  let isOpen = false;
  stream.on('response', (fields) => {
    isOpen = fields[':status'] === 200;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await until('the tunnel is open', () => isOpen);
  const { status } = await call(server.adminSocket, '/api/v1/pools/in/stop', { method: 'POST' });
  expect(status).toBeLessThan(300);
  // Close frame of a server, 1012 Service Restart (RFC 6455 5.5.1).
  await until('the notice', () => Buffer.concat(chunks).equals(Buffer.of(0x88, 0x02, 0x03, 0xf4)), {
    withinMs: 60_000,
  });
  await call(server.adminSocket, '/api/v1/pools/in/start', { method: 'POST' });
  await until('the pool serves again', async () => (await client.call('/n/1')).status === 200, { withinMs: 60_000 });
}, 120_000);

test('ALPN offers h2 where the binding does; without it HTTP/1.1 goes on as ever', async () => {
  expect(client.session.alpnProtocol).toBe('h2');
  const old = await tlsCall(tlsPort, { servername: 'shop.test' });
  expect(old).toMatchObject({ status: 200, alpn: 'http/1.1' });
  const off = await tlsCall(tlsPort, { servername: 'strange.test', ALPNProtocols: ['h2', 'http/1.1'] });
  expect(off).toMatchObject({ status: 200, alpn: 'http/1.1' });
});

test.each(beginnings('shop.test', 'strange.test'))('begun with $name', async ({ tls, bytes, ends, outcome }) => {
  const one = await (tls === null
    ? RawClient.connect(server.port)
    : RawClient.connectTls(tlsPort, { servername: tls.servername, ALPNProtocols: [...tls.alpn] }));
  one.send(bytes);
  if (ends) one.end();
  await one.finishes();
  expect(outcomeOf(one.bytes())).toEqual(outcome);
  one.close();
});

test('the preface decides what a connection without TLS speaks', async () => {
  expect((await server.call('/n/1')).text).toBe('1');
  expect((await clear.call('/n/2')).text).toBe('2');
  const text = await new Promise<string>((resolve, reject) => {
    const one = request({ port: server.port, path: '/echo', method: 'POST', agent: false }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => resolve(body));
    });
    one.on('error', reject);
    one.end('posted');
  });
  expect(text).toBe('posted');
});

test('log and metrics count streams as requests', async () => {
  const path = `/n/logged-${process.pid}`;
  await client.call(path, { fields: { 'user-agent': 'two' } });
  await server.call(path);
  const found = await until('both are logged', () => {
    const records = accessLog().filter((one) => one['target'] === path);
    return records.length === 2 ? records : null;
  });
  expect(new Set(found.map((one) => one['version']))).toEqual(new Set(['1.1', '2.0']));
  expect(found.find((one) => one['version'] === '2.0')).toMatchObject({
    status: 200,
    method: 'GET',
    site: 'shop',
    pool: 'in',
    userAgent: 'two',
    host: `shop.test:${tlsPort}`,
  });
});

test('requests of one connection use its virtual sockets again', async () => {
  const own = await Http2Client.connect(`http://shop.test:${server.port}`);
  for (let index = 0; index < 20; index += 1) await own.call('/n/1');
  await Promise.all(Array.from({ length: 20 }, () => own.call('/slow?ms=20')));
  for (let index = 0; index < 20; index += 1) await own.call('/n/1');
  const { requests } = JSON.parse((await own.call('/socket')).text) as { requests: number };
  expect(requests).toBeGreaterThanOrEqual(20);
  await own.close();
});
