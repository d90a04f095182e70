import { expect, test } from '@jest/globals';
import { workerFaults } from '../acceptance/experiments/worker-faults/experiments.js';

/** Each fault once, for seconds: what is counted must hold at any length. Most of that is waiting, so they wait together. */
const short = 0.02;

test.concurrent.each(workerFaults)(
  '$promise',
  async (experiment) => {
    expect(await experiment.run(short)).toMatchObject({ broken: [] });
  },
  240_000,
);
