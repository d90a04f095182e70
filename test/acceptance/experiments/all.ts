import type { Experiment } from '../experiment.js';
import { aspnetcore } from './aspnetcore/experiments.js';
import { asyncContexts } from './async-contexts.js';
import { blockedLoop } from './blocked-loop.js';
import { benchFigures } from './bench-figures.js';
import { coldStart } from './cold-start.js';
import { dashboard } from './dashboard/experiments.js';
import { edge } from './edge/experiments.js';
import { errorPages } from './error-pages.js';
import { frameworks } from './frameworks.js';
import { growth } from './growth.js';
import { grpc } from './grpc/experiment.js';
import { hostileAnswersLive } from './hostile-answers.js';
import { hostileTenants } from './hostile-tenants/experiment.js';
import { inProcess } from './in-process.js';
import { killListeners } from './kill-listeners.js';
import { killWorkers } from './kill-workers.js';
import { mustRefuseLive } from './must-refuse.js';
import { lifecycle } from './lifecycle/experiments.js';
import { npmTest } from './npm-test.js';
import { pipelining } from './pipelining.js';
import { primaryFaults } from './primary/experiments.js';
import { rapidFail } from './rapid-fail.js';
import { recycleZeroLost } from './recycle-zero-lost.js';
import { newUser } from './new-user.js';
import { scrapeCost } from './scrape-cost.js';
import { startCost } from './start-cost.js';
import { tls } from './tls/experiments.js';
import { webConfig } from './web-config.js';
import { workerFaults } from './worker-faults/experiments.js';

/** In the order of the acceptance lines; the ones that need a quiet machine come first. */
export const experiments: readonly Experiment[] = [
  benchFigures,
  startCost,
  newUser,
  scrapeCost,
  coldStart,
  inProcess,
  frameworks,
  asyncContexts,
  ...aspnetcore,
  grpc,
  webConfig,
  errorPages,
  recycleZeroLost,
  ...killWorkers,
  ...primaryFaults,
  ...rapidFail,
  blockedLoop,
  ...lifecycle,
  ...workerFaults,
  killListeners,
  ...mustRefuseLive,
  pipelining,
  hostileAnswersLive,
  hostileTenants,
  ...edge,
  ...dashboard,
  ...tls,
  growth,
  npmTest,
];
