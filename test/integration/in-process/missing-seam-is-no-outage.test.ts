import { expect, test } from '@jest/globals';
import { app } from '../../support/paths.js';
import { TestStream } from '../../support/test-stream.js';
import { withHosted } from './hosted.js';

test('a Node without the seam serves by documented behaviour, and one notice says so', async () => {
  await withHosted(
    'life.cjs',
    async (hosted, link) => {
      expect(hosted.find('hello')?.path).toBe('documented');
      const notices = hosted.messages.filter((one) => one.type === 'notice');
      expect(notices).toEqual([
        { type: 'notice', code: 'documented-path', text: expect.stringContaining('HTTPParser.kOnBody is missing') },
      ]);
      expect(JSON.parse(await new TestStream(link).get('/facts'))).toMatchObject({ main: true });
    },
    { nodeArgs: ['--require', `${app('in-process')}/break-seam.cjs`] },
  );
});

test.each([
  ['auto', 'fast'],
  ['slow', 'slow'],
  ['documented', 'documented'],
] as const)('asked for %s, the host takes the %s path and is silent about it', async (path, taken) => {
  await withHosted(
    'hello.cjs',
    async (hosted, link) => {
      expect(await new TestStream(link).get('/')).toBe('hello world');
      expect(hosted.find('hello')?.path).toBe(taken);
      expect(hosted.messages.filter((one) => one.type === 'notice')).toEqual([]);
    },
    { path },
  );
});
