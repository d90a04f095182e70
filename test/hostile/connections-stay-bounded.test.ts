import { expect, test } from '@jest/globals';
import { pipelining } from '../acceptance/experiments/pipelining.js';

test('2,000 pipelined GETs are one upstream request at a time', async () => {
  expect(await pipelining.run(1)).toMatchObject({ broken: [] });
}, 180_000);
