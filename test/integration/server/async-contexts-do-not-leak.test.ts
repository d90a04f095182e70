import { expect, test } from '@jest/globals';
import { asyncContexts } from '../../acceptance/experiments/async-contexts.js';

test('thousands of interleaved requests never see the async context of another', async () => {
  expect(await asyncContexts.run(0.05)).toMatchObject({ broken: [] });
}, 180_000);
