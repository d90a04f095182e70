import { expect, test } from '@jest/globals';
import { EndFlag, FrameType, RequestFlag } from '../../../pools/link/frames.js';
import { TestStream } from '../../support/test-stream.js';
import { paths, withHosted } from './hosted.js';

/** Before Node 24 its own parser keeps what `enterWith` set for the next request of the same connection. */
function leaksAlone(path: string): boolean {
  return path === 'documented' && Number.parseInt(process.versions.node, 10) < 24;
}

test.each(paths)('1,000 requests in one batch see only their own context: %s', async (path) => {
  await withHosted(
    'contexts.cjs',
    async (_hosted, link) => {
      const streams = Array.from({ length: 1_000 }, () => new TestStream(link));
      for (const [index, stream] of streams.entries()) {
        if (index === 500) stream.ask('/thrower');
        else if (index % 3 === 0) {
          const fields = ['Host', 'test', 'Content-Length', '4'];
          stream.ask(`/${index}`, 'POST', fields, RequestFlag.body);
          stream.body(Buffer.from('body'), true);
        } else stream.ask(`/${index}`);
      }
      link.writer.flush();
      const others = streams.filter((_stream, index) => index !== 500);
      for (const stream of others) await stream.ended();
      expect(others.map((stream) => `/${stream.text}`)).toEqual(
        [...streams.keys()].filter((index) => index !== 500).map((index) => `/${index}`),
      );
      // The same sockets again: nothing of the first request is left on them.
      if (!leaksAlone(path)) {
        for (const [index, stream] of streams.entries()) if (index !== 500) stream.ask(`/again${index}`);
        link.writer.flush();
        for (const stream of others) await stream.ended();
      }
      expect(await new TestStream(link).get('/leaks')).toBe('0');
    },
    { path },
  );
});

test('a body that arrives later is delivered in the context of its request alone', async () => {
  await withHosted('contexts.cjs', async (_hosted, link) => {
    const streams = Array.from({ length: 200 }, () => new TestStream(link));
    for (const [index, stream] of streams.entries()) {
      stream.ask(`/${index}`, 'POST', ['Host', 'test', 'Content-Length', '8'], RequestFlag.body);
      stream.body(Buffer.from('half'), false);
    }
    link.writer.flush();
    for (const stream of streams) stream.body(Buffer.from('rest'), false);
    for (const stream of streams) stream.send(FrameType.Body, EndFlag);
    link.writer.flush();
    for (const stream of streams) await stream.ended();
    expect(await new TestStream(link).get('/leaks')).toBe('0');
  });
});

test.each(paths)('the last bytes of an answered upload and the next request in one batch: %s', async (path) => {
  await withHosted(
    'contexts.cjs',
    async (_hosted, link) => {
      const streams = Array.from({ length: 20 }, () => new TestStream(link));
      for (const [index, stream] of streams.entries()) {
        stream.ask(`/early${index}`, 'POST', ['Host', 'test', 'Content-Length', '8'], RequestFlag.body);
        stream.body(Buffer.from('half'), false);
      }
      link.writer.flush();
      for (const stream of streams) await stream.ended();
      for (const [index, stream] of streams.entries()) {
        stream.body(Buffer.from('rest'), true);
        stream.ask(`/next${index}`);
      }
      link.writer.flush();
      for (const stream of streams) await stream.ended();
      expect(streams.map((stream) => stream.text)).toEqual(streams.map((_stream, index) => `next${index}`));
      const leaks = Number(await new TestStream(link).get('/leaks'));
      expect(leaks).toBeLessThanOrEqual(leaksAlone(path) ? streams.length : 0);
    },
    { path },
  );
});
