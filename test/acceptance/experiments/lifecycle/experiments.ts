import type { Experiment } from '../../experiment.js';
import { abortingClients } from './aborting-clients.js';
import { clockSteps } from './clock-steps.js';
import { cpuStarvation } from './cpu-starvation.js';
import { idlePools } from './idle-pools.js';
import { slowRecycle } from './slow-recycle.js';

/** Pools and workers over time, and faults that have nothing to do with their code. */
export const lifecycle: readonly Experiment[] = [idlePools, cpuStarvation, clockSteps, abortingClients, slowRecycle];
