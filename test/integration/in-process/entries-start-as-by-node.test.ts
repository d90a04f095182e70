import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { freePort } from '../../support/free-port.js';
import { HostedApp } from '../../support/hosted-app.js';
import { call } from '../../support/http-client.js';
import { app } from '../../support/paths.js';
import { TestStream } from '../../support/test-stream.js';
import { until } from '../../support/time.js';
import { withHosted } from './hosted.js';

const entries: readonly (readonly [string, string, 'listen' | 'export'])[] = [
  ['cjs.cjs', 'true null', 'listen'],
  ['esm.mjs', 'main true', 'listen'],
  ['tla.mjs', 'after await', 'listen'],
  ['folder', 'folder true', 'listen'],
  ['late.cjs', 'late 1', 'listen'],
  ['export-handler.cjs', 'handler', 'export'],
  ['export-server.cjs', 'server', 'export'],
  ['export-koa.cjs', 'koa', 'export'],
  ['exports-esm', 'esm handler', 'export'],
  ['health-first.cjs', 'the app', 'listen'],
  ['inner-first.cjs', 'inner', 'listen'],
  ['own-port.cjs', 'itself', 'listen'],
  ['run-main.cjs', 'run by the entry', 'listen'],
  ['required.cjs', 'false object', 'listen'],
  ['https.cjs', 'https true', 'listen'],
  ['http2-http1.cjs', 'http2 1.1 true', 'listen'],
  ['export-express.cjs', 'express app', 'export'],
  ['export-fastify.mjs', 'fastify app', 'export'],
  ['export-compiled.cjs', 'compiled default', 'export'],
  ['export-after-await.mjs', 'after await', 'export'],
  ['main-esm', 'esm part true', 'listen'],
  ['export-detected', 'detected true', 'export'],
];

test.each(entries)('%s', async (entry, text, how) => {
  await withHosted(`entries/${entry}`, async (hosted, link) => {
    expect(hosted.find('listening')?.how).toBe(how);
    await until('the app answers', async () => (await new TestStream(link).get('/')) === text);
  });
});

interface Refusal {
  readonly code: string;
  readonly exit: number | null;
  readonly remedy?: string | undefined;
}

const http2Only: Refusal = { code: 'http2-server', exit: null, remedy: 'set hostingModel to OutOfProcess' };

async function refusal(entry: string): Promise<Refusal> {
  const hosted = HostedApp.start({ entry: `${app('in-process')}/entries/${entry}` });
  try {
    const { code, text } = await hosted.message('refused');
    if (code === 'http2-server')
      return { code, exit: null, remedy: /set hostingModel to OutOfProcess/.exec(text)?.[0] };
    return { code, exit: (await hosted.exited()).code };
  } finally {
    await hosted.stop();
  }
}

test('what cannot be hosted is told in words', async () => {
  expect(await refusal('nothing.cjs')).toEqual({ code: 'nothing-listens', exit: 7 });
  expect(await refusal('fetch.mjs')).toEqual({ code: 'fetch-export', exit: 0 });
  expect(await refusal('http2.cjs')).toEqual(http2Only);
  expect(await refusal('http2-secure.cjs')).toEqual(http2Only);
  expect(await refusal('export-http2.cjs')).toEqual(http2Only);
});

test('servers beside the one on PORT listen for real, whichever came first', async () => {
  await withHosted('entries/metrics-first.cjs', async (hosted, link) => {
    const others = await until('all three listen', async () => {
      const told = JSON.parse(await new TestStream(link).get('/')) as Record<string, number>;
      return 'admin' in told && told;
    });
    expect(hosted.find('notice')?.code).toBe('second-server');
    for (const [name, port] of Object.entries(others)) {
      await until(`${name} answers`, async () => (await call(port, '/').catch(() => null))?.text === name);
    }
  });
});

test('a second server whose port is taken listens as soon as the port is free', async () => {
  const port = await freePort();
  const blocker = createServer();
  await new Promise<void>((resolve) => {
    blocker.listen(port, '127.0.0.1', resolve);
  });
  await withHosted(
    'entries/second-busy.cjs',
    async (hosted, link) => {
      await until('the app believes that it listens', () => hosted.stdout.includes('second listens'));
      expect(hosted.find('notice')?.code).toBe('second-server-busy');
      expect(await new TestStream(link).get('/')).toBe('the app');
      await new Promise((resolve) => {
        blocker.close(resolve);
      });
      await until('the second server answers', async () => {
        const answer = await call(port, '/').catch(() => null);
        return answer?.text === 'second';
      });
    },
    { env: { SECOND_PORT: String(port) } },
  );
});
