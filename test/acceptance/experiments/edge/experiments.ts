import type { Experiment } from '../../experiment.js';
import { killOneListener } from '../kill-listeners.js';
import { acceptSpread } from './accept-spread.js';
import { blockedListener } from './blocked-listener.js';
import { differentialParsers } from './differential.js';
import { fairness, fairnessOverTls, idleClients } from './fairness.js';
import { http2Floods } from './http2-floods.js';
import { http2Figures } from './http2-figures.js';
import { http2RapidReset } from './http2-resets.js';
import { keepAliveRace } from './keep-alive-race.js';
import { logDiskFull } from './log-disk-full.js';
import { logFaults } from './log-faults.js';
import { reloads } from './reloads.js';
import { scaleOfConfiguration } from './scale-of-configuration.js';
import { shortOfDescriptors } from './short-of-descriptors.js';
import { slowHttp } from './slow-http.js';
import { slowTls } from './slow-tls.js';
import { stateFaults } from './state-faults.js';
import { stoppedListener } from './stopped-listener.js';

/** Hostile and heavy clients, and faults, seen from the network. */
export const edge: readonly Experiment[] = [
  slowHttp,
  slowTls,
  differentialParsers,
  scaleOfConfiguration,
  fairness,
  fairnessOverTls,
  idleClients,
  http2Figures,
  http2RapidReset,
  http2Floods,
  keepAliveRace,
  reloads,
  acceptSpread,
  killOneListener,
  stoppedListener,
  logDiskFull,
  logFaults,
  stateFaults,
  shortOfDescriptors,
  blockedListener,
];
