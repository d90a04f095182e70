import { expect, test } from '@jest/globals';
import { TestStream } from '../../support/test-stream.js';
import { until } from '../../support/time.js';
import { withHosted } from './hosted.js';

const cases = [
  { url: '/exit', code: 3, body: 'x'.repeat(300_000) },
  { url: '/pieces', code: 4, body: null },
  { url: '/small', code: 5, body: 'bye' },
  { url: '/throw', code: 1, body: 'y'.repeat(300_000) },
];

test.each(cases)('$url: the client has every byte although the process ends at once', async ({ url, code, body }) => {
  await withHosted('exit.cjs', async (hosted, link) => {
    const stream = new TestStream(link);
    stream.isReading = false;
    stream.ask(url);
    link.writer.flush();
    expect((await hosted.exited()).code).toBe(code);
    await until('the link ends', () => link.isClosed, { everyMs: 5 });
    if (body !== null) expect(stream.text === body).toBe(true);
    else {
      for (const letter of ['a', 'b', 'c'])
        expect(stream.text.replaceAll(/[^abc]/g, '').split(letter).length - 1).toBe(200_000);
      expect(stream.text.endsWith('0\r\n\r\n')).toBe(true);
    }
    expect(stream.isEnded).toBe(true);
  });
});

test('an uncaught error is told before the process ends', async () => {
  await withHosted('exit.cjs', async (hosted, link) => {
    const stream = new TestStream(link);
    stream.ask('/throw');
    link.writer.flush();
    await hosted.exited();
    expect(hosted.find('fatal')?.text).toContain('after the end');
  });
});
