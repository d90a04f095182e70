import { expect, test } from '@jest/globals';
import { recycleZeroLost } from '../acceptance/experiments/recycle-zero-lost.js';

/** Some seconds on one server instead of minutes on several: what is counted must hold at any length. */
const short = 0.01;

test('recycles by changed configuration and touched file, under load of every kind, lose no request', async () => {
  expect(await recycleZeroLost.run(short)).toMatchObject({ broken: [] });
}, 180_000);
