import type { Experiment } from '../../experiment.js';
import { configFiles } from './config-files.js';
import { crashPointsExperiment } from './crash-points.js';
import { failedRecycles } from './failed-recycles.js';
import { killPrimary } from './kill-primary.js';
import { longRequests } from './long-requests.js';
import { stoppedPrimary } from './stopped-primary.js';
import { stubbornWorkers } from './stubborn-workers.js';
import { upgradesExperiment } from './upgrades.js';

/** Deaths and pauses of the primary, recycles that go wrong, and files that are not whole. */
export const primaryFaults: readonly Experiment[] = [
  stubbornWorkers,
  longRequests,
  failedRecycles,
  killPrimary,
  stoppedPrimary,
  crashPointsExperiment,
  upgradesExperiment,
  configFiles,
];
