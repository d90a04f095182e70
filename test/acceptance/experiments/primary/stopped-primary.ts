/** The primary is stopped for a minute and goes on: whatever its timers say then, nobody is to be killed. */
import { describeLoad, failed, percentile, startLoad } from '../../../support/load.js';
import { processTree } from '../../../support/processes.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { MortalServer } from './mortal-server.js';

/** Every watch of a worker, with limits that a minute is long beside, and a slow machine is not. */
const watched = {
  pool: {
    processModel: { pingInterval: '00:00:02', pingResponseTime: '00:00:04', idleTimeout: '00:00:00' },
    failure: { hangDetection: '00:00:05' },
  },
  outHosting: { healthCheck: { path: '/', interval: '00:00:01', timeout: '00:00:04', failures: 1 } },
};
/** Long enough for each of them to be due several times after it goes on. */
const afterMs = 6_000;

async function run(seconds: number): Promise<Outcome> {
  const server = new MortalServer(watched);
  try {
    await server.start();
    await server.serves();
    const processes = (): string =>
      JSON.stringify(
        processTree(server.life.pid)
          .map(({ pid }) => pid)
          .toSorted((a, b) => a - b),
      );
    const loads = ['/?ms=300', '/out/?ms=300', '/', '/out/'].map((path) =>
      startLoad({
        target: server.life.port,
        ratePerSecond: 50,
        path: () => path,
        keepAliveConnections: 32,
        isRight: (_serial, text) => text === 'edition 1',
      }),
    );
    await until(
      'the watches are on',
      async () => {
        const pools = await server.life.pools();
        return pools.every(({ workers }) => workers.some(({ state, inFlight }) => state === 'running' && inFlight > 0));
      },
      { withinMs: 60_000 },
    );
    const before = processes();
    process.kill(server.life.pid, 'SIGSTOP');
    await pause(seconds * 1_000);
    process.kill(server.life.pid, 'SIGCONT');
    await pause(afterMs);
    const reports = await Promise.all(loads.map((load) => load.stop()));
    const pools = await server.life.pools();
    const restarts = pools.reduce((sum, { restarts: count }) => sum + count, 0);
    const lost = reports.reduce((sum, report) => sum + failed(report), 0);
    const latencies = reports.flatMap(({ latenciesMs }) => latenciesMs);
    const words = (
      server.life.output().match(/^.*(?:worker-hung|listener-silent|worker-violation|listener-died).*$/gm) ?? []
    ).join('; ');
    return {
      measured: `stopped for ${seconds} s: ${restarts} workers and ${processes() === before ? 0 : 'some'} listeners killed; ${lost} failed of ${reports.reduce((sum, { sent }) => sum + sent, 0)} requests, p99 ${Math.round(percentile(latencies, 0.99))} ms`,
      broken: violations({
        [`killed: ${restarts}; ${words}`]: restarts === 0,
        [`processes changed: ${before} -> ${processes()}; ${words}`]: processes() === before,
        [`lost: ${reports.map(describeLoad).join('; ')}`]: lost === 0,
      }),
      missed: [],
    };
  } finally {
    await server.kill();
  }
}

export const stoppedPrimary: Experiment = {
  name: 'stopped-primary',
  promise: 'SIGSTOP of the primary for 60 s, then SIGCONT: 0 workers and listeners killed, 0 requests lost',
  run: (scale) => run(scaled(60, scale, 6)),
};
