import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';

function withPlain(settings: Settings, body: (sluice: Sluice) => Promise<void>): Promise<void> {
  return withSluice(
    {
      applicationPools: [{ name: 'plain' }],
      applications: [{ path: '/', applicationPool: 'plain', physicalPath: app('plain'), ...settings }],
    },
    body,
  );
}

describe.each(hostingModels)('$model', ({ settings }) => {
  test('uploads and downloads of every size arrive byte for byte', async () => {
    await withPlain(settings, async (sluice) => {
      for (const size of [0, 1, 65_535, 65_536, 65_537, 1_000_000, 20_000_000]) {
        const body = Buffer.alloc(size, 'abcdefghij');
        const sha256 = createHash('sha256').update(body).digest('hex');
        const digest: unknown = JSON.parse((await sluice.call('/digest', { method: 'POST', body })).text);
        expect(digest).toEqual({ bytes: size, sha256, trailers: {} });
        const echoed = await sluice.call('/echo', { method: 'PUT', body });
        expect(createHash('sha256').update(echoed.body).digest('hex')).toBe(sha256);
        expect((await sluice.call(`/bytes?count=${size}`)).body.length).toBe(size);
      }
    });
  });

  test('chunked bodies, trailers, HEAD, 204, 304 and early hints keep their framing', async () => {
    await withPlain(settings, async (sluice) => {
      const chunks = await sluice.call('/chunks?count=20');
      expect(chunks.text).toBe(Array.from({ length: 20 }, (_, index) => `chunk ${index}\n`).join(''));
      expect((await sluice.call('/trailers')).trailers).toEqual({ 'x-sum': '42' });
      const head = await sluice.call('/bytes?count=1234', { method: 'HEAD' });
      expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '1234', 0]);
      expect((await sluice.call('/nothing')).status).toBe(204);
      expect((await sluice.call('/unchanged')).headers['etag']).toBe('"1"');

      const client = await RawClient.connect(sluice.port);
      client.send('GET /early-hints HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.receives(/HTTP\/1\.1 103 [^\r]*\r\n(.*\r\n)*?\r\nHTTP\/1\.1 200[\s\S]*hinted/);
      client.close();
    });
  });

  test('request trailers arrive, Expect gets one 100, and an early answer ends the exchange cleanly', async () => {
    await withPlain(settings, async (sluice) => {
      const client = await RawClient.connect(sluice.port);
      client.send('POST /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n');
      client.send('3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n');
      await client.receives('"trailers":{"x-sum":"7"}');
      client.clear();

      client.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
      await client.receives('HTTP/1.1 100 ');
      client.send('hello');
      const text = await client.receives(/HTTP\/1\.1 200[\s\S]*hello/);
      expect(text.match(/HTTP\/1\.1 100 /g)).toHaveLength(1);
      client.close();

      const early = await RawClient.connect(sluice.port);
      early.send(`POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`);
      await early.receives(/HTTP\/1\.1 403[\s\S]*refused early/);
      early.close();
      expect((await sluice.call('/')).text).toBe('plain\n');
    });
  });

  test('HTTP/1.0 clients get an answer without chunks and a close', async () => {
    await withPlain(settings, async (sluice) => {
      const client = await RawClient.connect(sluice.port);
      client.send('GET /chunks HTTP/1.0\r\n\r\n');
      const text = await client.finishes();
      expect(text).toMatch(/^HTTP\/1\.[01] 200 /);
      expect(text).not.toMatch(/transfer-encoding/i);
      expect(text).toMatch(/\r\n\r\nchunk 0\n[\s\S]*chunk 4\n$/);
    });
  });

  test('a body over the limit is refused with 413 before the app sees it', async () => {
    const limit = { security: { requestFiltering: { requestLimits: { maxAllowedContentLength: 1_000 } } } };
    await withPlain({ ...settings, ...limit }, async (sluice) => {
      expect((await sluice.call('/digest', { method: 'POST', body: 'x'.repeat(1_000) })).status).toBe(200);
      const client = await RawClient.connect(sluice.port);
      client.send('POST /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n');
      expect(await client.finishes()).toMatch(/^HTTP\/1\.1 413 /);
      const chunked = await RawClient.connect(sluice.port);
      chunked.send('POST /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      chunked.send(`3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`);
      expect(await chunked.finishes()).toMatch(/^HTTP\/1\.1 413 /);
    });
  });
});
