import type { Experiment } from '../../experiment.js';
import { crashesAtStart, flappingWorker } from './crash-loops.js';
import { cutAnswers } from './cut-answers.js';
import { blockedWorker, stoppedWorker } from './frozen.js';
import { killedAtEveryMoment, killedIdle, killedOnly } from './killed.js';
import { leaking } from './leaking.js';
import { silentWorker } from './silent.js';
import { slowStart } from './slow-start.js';
import { takenPlaces, vanishedSocket } from './taken-places.js';
import { webSockets } from './web-sockets.js';

/** What can befall a worker, fault by fault. */
export const workerFaults: readonly Experiment[] = [
  killedIdle,
  killedOnly,
  killedAtEveryMoment,
  cutAnswers,
  webSockets,
  stoppedWorker,
  blockedWorker,
  leaking,
  slowStart,
  crashesAtStart,
  flappingWorker,
  takenPlaces,
  vanishedSocket,
  silentWorker,
];
