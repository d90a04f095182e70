import { expect, test } from '@jest/globals';
import { hostileAnswersLive } from '../acceptance/experiments/hostile-answers.js';
import { mustRefuseLive } from '../acceptance/experiments/must-refuse.js';

test.each([...mustRefuseLive, hostileAnswersLive])(
  '$promise',
  async (experiment) => {
    expect(await experiment.run(1)).toMatchObject({ broken: [] });
  },
  300_000,
);
