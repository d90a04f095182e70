import { expect, test } from '@jest/globals';
import { linkStreamWindowBytes } from '../../../config/base/limits.js';
import { FrameType, RequestFlag } from '../../../pools/link/frames.js';
import type { TestLink } from '../../support/link-front.js';
import { TestStream } from '../../support/test-stream.js';
import { until } from '../../support/time.js';
import { paths, withHosted } from './hosted.js';

interface Facts {
  readonly rss: number;
  readonly written: number;
  readonly drains: number;
}

async function facts(link: TestLink): Promise<Facts> {
  return JSON.parse(await new TestStream(link).get('/rss')) as Facts;
}

const megabyte = 1_048_576;

test.each(paths)('100 MB to a client that reads nothing: the app waits for drain in flat memory, %s', async (path) => {
  await withHosted(
    'flow.cjs',
    async (_hosted, link) => {
      const before = await facts(link);
      const stream = new TestStream(link);
      stream.isReading = false;
      stream.ask('/download');
      link.writer.flush();
      await until('the window is used up', () => stream.answer.length >= linkStreamWindowBytes, { everyMs: 5 });
      const held = await facts(link);
      expect(stream.answer.length).toBeLessThan(linkStreamWindowBytes + 65_536);
      expect(held.written).toBeLessThan(2 * megabyte);
      expect(held.drains).toBeGreaterThan(0);
      expect(held.rss - before.rss).toBeLessThan(16 * megabyte);
      // The client reads again: everything comes.
      stream.isReading = true;
      link.writer.number(FrameType.Credit, 0, stream.id, stream.answer.length);
      link.writer.flush();
      await until('all bytes', () => stream.isEnded, { everyMs: 20, withinMs: 60_000 });
      expect(stream.text.length).toBeGreaterThan(100 * megabyte);
    },
    { path },
  );
});

test.each(paths)('an upload that the app does not read stops at the window, %s', async (path) => {
  await withHosted(
    'flow.cjs',
    async (_hosted, link) => {
      const stream = new TestStream(link);
      stream.ask('/never-read', 'POST', ['Host', 'test', 'Content-Length', '100000000'], RequestFlag.body);
      const chunk = Buffer.alloc(65_536);
      let sent = 0;
      // What a listener does: sends while there is credit; 20 answers of the app are enough time for more.
      for (let round = 0; round < 20; round += 1) {
        while (stream.credit >= chunk.length && sent < 100 * megabyte) {
          stream.body(chunk, false);
          sent += chunk.length;
        }
        link.writer.flush();
        await facts(link);
      }
      expect(sent).toBeLessThan(linkStreamWindowBytes + 4 * 65_536);
    },
    { path },
  );
});
