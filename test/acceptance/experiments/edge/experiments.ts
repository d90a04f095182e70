import type { Experiment } from '../../experiment.js';
import { fairness, idleClients } from './fairness.js';
import { http2Floods, http2RapidReset } from './http2-abuse.js';
import { keepAliveRace } from './keep-alive-race.js';
import { logDiskFull } from './log-disk-full.js';
import { reloads } from './reloads.js';
import { scaleOfConfiguration } from './scale-of-configuration.js';
import { slowHttp } from './slow-http.js';
import { stoppedListener } from './stopped-listener.js';

/** Hostile and heavy clients, and faults, seen from the network. */
export const edge: readonly Experiment[] = [
  slowHttp,
  scaleOfConfiguration,
  fairness,
  idleClients,
  http2RapidReset,
  http2Floods,
  keepAliveRace,
  reloads,
  stoppedListener,
  logDiskFull,
];
