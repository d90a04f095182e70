import type { Experiment } from '../../experiment.js';
import { dashboardCost } from './cost.js';
import { dashboardFluid } from './fluid.js';

export const dashboard: readonly Experiment[] = [dashboardCost, dashboardFluid];
