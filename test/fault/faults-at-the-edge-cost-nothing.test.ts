import { expect, test } from '@jest/globals';
import { keepAliveRace } from '../acceptance/experiments/edge/keep-alive-race.js';
import { logDiskFull } from '../acceptance/experiments/edge/log-disk-full.js';
import { logFaults } from '../acceptance/experiments/edge/log-faults.js';
import { reloads } from '../acceptance/experiments/edge/reloads.js';
import { scaleOfConfiguration } from '../acceptance/experiments/edge/scale-of-configuration.js';
import { stateFaults } from '../acceptance/experiments/edge/state-faults.js';
import { stoppedListener } from '../acceptance/experiments/edge/stopped-listener.js';
import { certificateFaults } from '../acceptance/experiments/tls/certificate-faults.js';

/** Seconds instead of minutes: what is counted must hold at any length. */
const short = 0.03;

test.each([
  keepAliveRace,
  reloads,
  stoppedListener,
  logDiskFull,
  logFaults,
  stateFaults,
  certificateFaults,
  scaleOfConfiguration,
])(
  '$promise',
  async (experiment) => {
    expect(await experiment.run(short)).toMatchObject({ broken: [] });
  },
  180_000,
);
