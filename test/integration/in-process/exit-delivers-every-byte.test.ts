import { expect, test } from '@jest/globals';
import { bytesLostAtExit } from '../../support/probe/exit-bytes.js';
import { TestStream } from '../../support/test-stream.js';
import { until } from '../../support/time.js';
import { withHosted } from './hosted.js';

/** What the body must be, without chunk sizes and line ends. */
const cases = [
  { url: '/exit', code: 3, letters: 'x'.repeat(300_000) },
  { url: '/pieces', code: 4, letters: 'a'.repeat(200_000) + 'b'.repeat(200_000) + 'c'.repeat(200_000) },
  { url: '/small', code: 5, letters: 'bye' },
  { url: '/throw', code: 1, letters: 'y'.repeat(300_000) },
];

/** Removes the chunked coding if there is one. */
function plain(text: string): string {
  if (!/^[0-9a-f]+\r\n/.test(text)) return text;
  let rest = text;
  let body = '';
  for (;;) {
    const line = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, line), 16);
    if (!(size > 0)) return body;
    body += rest.slice(line + 2, line + 2 + size);
    rest = rest.slice(line + 4 + size);
  }
}

test.each(cases)('$url: the client has every byte although the process ends', async ({ url, code, letters }) => {
  await withHosted('exit.cjs', async (hosted, link) => {
    const stream = new TestStream(link);
    stream.isReading = false;
    stream.ask(url);
    link.writer.flush();
    expect((await hosted.exited()).code).toBe(code);
    await until('the link ends', () => link.isClosed, { everyMs: 5 });
    expect(plain(stream.text) === letters).toBe(true);
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

test.each([
  ['reads', true],
  ['reads later', false],
] as const)('behind the real listener a client that %s loses nothing', async (_title, reads) => {
  expect(await bytesLostAtExit(process.execPath, reads)).toBe(0);
});
