import { expect, test } from '@jest/globals';
import { TestStream } from '../../support/test-stream.js';
import { withHosted } from './hosted.js';

test.each([
  ['asks.cjs', 1],
  ['asks.mjs', 1],
  ['only-loads.cjs', 0],
] as const)('%s serves as worker 2; notices: %i', async (entry, notices) => {
  await withHosted(
    `cluster/${entry}`,
    async (hosted, link) => {
      expect(await new TestStream(link).get('/')).toBe('worker 2 false');
      expect(await new TestStream(link).get('/')).toBe('worker 2 false');
      const said = hosted.messages.filter((one) => one.type === 'notice');
      expect(said.map((one) => one.code)).toEqual(Array.from({ length: notices }, () => 'cluster-worker'));
    },
    { slot: 2 },
  );
});
