import { expect, test } from '@jest/globals';
import { fairness } from '../acceptance/experiments/edge/fairness.js';

test('giant headers, tiny chunks, bad requests and slow clients of one tenant fail no request of another', async () => {
  expect(await fairness.run(0.05)).toMatchObject({ broken: [] });
}, 240_000);
