/** What raw clients do to the probe app. Each scenario runs alone and hosted; both must look the same. */
import { bodies, responses } from './answer-scenarios.js';
import { connections, cuts, timers } from './connection-scenarios.js';
import type { Scenario } from './run.js';
import { configured, expects, methods, upgrades } from './server-scenarios.js';
import { overTls } from './tls-scenarios.js';

export const scenarios: readonly Scenario[] = [
  ...responses,
  ...connections,
  ...bodies,
  ...cuts,
  ...timers,
  ...expects,
  ...methods,
  ...upgrades,
  ...configured,
  ...overTls,
];
