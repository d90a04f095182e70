import { expect, test } from '@jest/globals';
import { killListeners } from '../acceptance/experiments/kill-listeners.js';
import { killWorkers } from '../acceptance/experiments/kill-workers.js';
import { rapidFail } from '../acceptance/experiments/rapid-fail.js';

/** Seconds instead of minutes: what is counted must hold at any length. */
const short = 0.15;

test.each([...killWorkers, ...rapidFail, killListeners])(
  '$promise',
  async (experiment) => {
    const outcome = await experiment.run(short);
    expect(outcome).toMatchObject({ broken: [] });
  },
  180_000,
);
