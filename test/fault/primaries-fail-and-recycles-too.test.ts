import { expect, test } from '@jest/globals';
import { crashPointsExperiment } from '../acceptance/experiments/primary/crash-points.js';
import { failedRecycles } from '../acceptance/experiments/primary/failed-recycles.js';
import { killPrimary } from '../acceptance/experiments/primary/kill-primary.js';
import { longRequests } from '../acceptance/experiments/primary/long-requests.js';
import { stoppedPrimary } from '../acceptance/experiments/primary/stopped-primary.js';
import { stubbornWorkers } from '../acceptance/experiments/primary/stubborn-workers.js';

/** Seconds instead of minutes, some crash points instead of all: what is counted must hold at any length. */
const short = 0.03;

/** Mostly waiting: at the same time. */
test.concurrent.each([stubbornWorkers, longRequests, failedRecycles, stoppedPrimary])(
  '$promise',
  async (experiment) => {
    expect(await experiment.run(short)).toMatchObject({ broken: [] });
  },
  300_000,
);

test.each([killPrimary, crashPointsExperiment])(
  '$promise',
  async (experiment) => {
    expect(await experiment.run(short)).toMatchObject({ broken: [] });
  },
  300_000,
);
