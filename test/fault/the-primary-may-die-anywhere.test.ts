import { expect, test } from '@jest/globals';
import { crashPointsExperiment } from '../acceptance/experiments/primary/crash-points.js';

/** Some points of each kind; `npm run acceptance -- crash-points` tries all. */
const short = 0.1;

test('SIGKILL of the primary at a numbered point leaves nothing, and the next start serves', async () => {
  expect(await crashPointsExperiment.run(short)).toMatchObject({ broken: [] });
}, 300_000);
