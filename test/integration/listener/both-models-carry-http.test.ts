import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { RawClient, statuses } from '../../support/raw-client.js';
import { startWorld, type World, worlds } from '../../support/listener-worlds.js';
import { until } from '../../support/time.js';

describe.each(worlds)('$name', ({ model, options }) => {
  let world: World;
  const open = (): Promise<RawClient> => RawClient.connect(world.listener.port);
  const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

  beforeAll(async () => {
    world = await startWorld(model, options);
  });
  afterAll(() => world.stop());

  async function state(): Promise<{ aborted: number; inFlightMax: number }> {
    const client = await open();
    client.send(get('/state', 'Connection: close\r\n'));
    const text = await client.finishes();
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as {
      aborted: number;
      inFlightMax: number;
    };
  }

  test('2,000 pipelined requests are answered in order, one at a time', async () => {
    const client = await open();
    let all = '';
    for (let serial = 0; serial < 2_000; serial += 1) all += get(`/n${serial}`);
    client.send(all);
    await client.receives('hello GET /n1999');
    const serials = [...client.text().matchAll(/hello GET \/n(\d+)/g)].map((one) => Number(one[1]));
    expect(serials).toEqual(Array.from({ length: 2_000 }, (_, serial) => serial));
    expect((await state()).inFlightMax).toBe(1);
    client.close();
  });

  test('a request split at every byte gets the same answer', async () => {
    const bytes =
      'POST /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n' + get('/next');
    const client = await open();
    for (let at = 1; at < bytes.length; at += 7) {
      client.clear();
      client.send(bytes.slice(0, at));
      await new Promise((resolve) => setImmediate(resolve));
      client.send(bytes.slice(at));
      const text = await client.receives('hello GET /next');
      expect(text).toContain(`3 ${createHash('sha256').update('abc').digest('hex')}`);
    }
    client.close();
  });

  test('HEAD, 204 and HTTP/1.0 are framed for their client', async () => {
    const client = await open();
    client.send('HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n' + get('/204') + get('/after'));
    const text = await client.receives('hello GET /after');
    expect(statuses(text)).toEqual([200, 204, 200]);
    expect(text).not.toContain('hello HEAD');
    client.close();
    const old = await open();
    old.send('GET /stream?bytes=10 HTTP/1.0\r\n\r\n');
    const answer = await old.finishes();
    expect(answer.endsWith('\r\n\r\nxxxxxxxxxx')).toBe(true);
    expect(answer).not.toMatch(/transfer-encoding/i);
    const kept = await open();
    kept.send('GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    // In-process Node itself decides, as alone: without Content-Length it closes behind an answer to HTTP/1.0.
    const expected = model === 'InProcess' ? /Connection: close/ : /Connection: keep-alive/;
    expect(await kept.receives('hello GET /a')).toMatch(expected);
    kept.close();
  });

  test('trailers pass both ways, interim answers reach HTTP/1.1 only', async () => {
    const client = await open();
    client.send(get('/trailers') + get('/hints'));
    const text = await client.receives('hinted');
    expect(text).toMatch(/0\r\nx-sum: 42\r\n\r\n/i);
    expect(text).toMatch(/HTTP\/1\.1 103 Early Hints\r\nlink: /i);
    client.clear();
    client.send(
      'POST /digest HTTP/1.1\r\nHost: a\r\nTrailer: x-end\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-end: yes\r\n\r\n',
    );
    expect(await client.receives(/x-trailers: .*x-end/i)).toContain('200 OK');
    client.close();
    const old = await open();
    old.send('GET /hints HTTP/1.0\r\n\r\n');
    expect(await old.finishes()).not.toContain('103');
  });

  test('100 Continue comes from the worker, once', async () => {
    const client = await open();
    client.send('POST /digest HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
    await client.receives('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    const text = await client.receives('200 OK');
    expect(text.split('100 Continue').length).toBe(2);
    client.close();
  });

  test('10 MB up and down arrive byte for byte', async () => {
    const body = Buffer.alloc(10_000_000);
    for (let at = 0; at < body.length; at += 1) body[at] = (at * 31 + (at >> 8)) & 0xff;
    const digest = createHash('sha256').update(body).digest('hex');
    const client = await open();
    client.send(`POST /digest HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
    client.send(body);
    await client.receives(`${body.length} ${digest}`);
    client.clear();
    client.send(`POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    client.send(body);
    await client.finishes();
    const answer = client.bytes();
    const plain = unchunk(answer.subarray(answer.indexOf('\r\n\r\n') + 4));
    expect(createHash('sha256').update(plain).digest('hex')).toBe(digest);
  });

  test('a body over the limit is refused with 413.1 and never completed', async () => {
    const client = await open();
    client.send('POST /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 30000001\r\n\r\n');
    expect(await client.finishes()).toMatch(/^HTTP\/1\.1 413 [^]*413\.1/);
  });

  test('an early answer is delivered although the upload never ends', async () => {
    const client = await open();
    client.send('POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 29000000\r\n\r\n');
    client.send(Buffer.alloc(100_000));
    const text = await client.finishes();
    expect(statuses(text)).toEqual([403]);
    expect(text).toMatch(/Connection: close/);
  });

  test('a short body behind an early answer is read, and the connection goes on', async () => {
    const client = await open();
    client.send('POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345');
    await client.receives('no');
    client.send('67890' + get('/after'));
    expect(statuses(await client.receives('hello GET /after'))).toEqual([403, 200]);
    client.close();
  });

  test.each(['fin', 'reset'] as const)('a client that goes away (%s) cancels the request', async (how) => {
    const before = (await state()).aborted;
    const waiting = await open();
    waiting.send(get('/never'));
    const uploading = await open();
    uploading.send('POST /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc');
    const reading = await open();
    reading.socket.pause();
    reading.send(get('/download?bytes=20000000'));
    await until('all three are with the app', async () => (await state()).inFlightMax >= 3, { everyMs: 50 }).catch(
      () => undefined,
    );
    for (const client of [waiting, uploading, reading]) {
      if (how === 'fin') client.end();
      else client.reset();
      if (how === 'fin') client.socket.destroy();
    }
    const after = await until('three aborts', async () => {
      const { aborted } = await state();
      return aborted >= before + 3 ? aborted : null;
    });
    expect(after).toBe(before + 3);
  });

  test('an answer that breaks off is cut, never completed', async () => {
    const client = await open();
    client.send(get('/cut'));
    const text = await client.finishes();
    expect(text).toContain('only this');
    expect(client.bytes().length).toBeLessThan(400);
  });

  test('an app that resets its socket unanswered gives 502.3', async () => {
    const client = await open();
    client.send('POST /reset HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    expect(await client.receives(/<\/html>/)).toMatch(/^HTTP\/1\.1 502 [^]*502\.3/);
    client.close();
  });

  test('websocket upgrades become tunnels, early bytes included', async () => {
    const client = await open();
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n';
    client.send(get('/ws', upgrade) + 'early');
    await client.receives(/^HTTP\/1\.1 101 [^]*\r\n\r\nearly$/);
    client.clear();
    const big = Buffer.alloc(3_000_000, 'q');
    client.send(big);
    await until('everything came back', () => client.bytes().length === big.length, { everyMs: 5 });
    expect(client.bytes().equals(big)).toBe(true);
    client.end();
    await client.finishes();
  });

  test('a half-closed tunnel still brings what the worker sends', async () => {
    // Out-of-process a worker would take the half-close for a disconnect: both sides end.
    if (model === 'OutOfProcess') return;
    const client = await open();
    client.send(get('/ws', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
    await client.receives('101');
    client.clear();
    client.send(Buffer.alloc(2_000_000, 'h'));
    client.end();
    await client.finishes();
    expect(client.bytes()).toHaveLength(2_000_000);
  });

  test('nothing is served for an unknown application, and bad bytes are refused', async () => {
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' + get('/'));
    expect(statuses(await client.finishes())).toEqual([400]);
    const path = await open();
    path.send(get('/%00'));
    expect(statuses(await path.finishes())).toEqual([400]);
  });
});

function unchunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, line), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
