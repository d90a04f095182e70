/** Far more processes want the CPU than there are processors: what is slow for that reason is not sick. */
import { availableParallelism } from 'node:os';
import { hostingModels } from '../../../support/hosting.js';
import { describeLoad, failed, percentile, startLoad } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { type Program, startProgram } from '../../../support/program.js';
import { type SluiceOptions, withSluice } from '../../../support/sluice.js';
import { pause } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';

const spinnersPerProcessor = 4;
const ratePerSecond = 20;

/** Health checks far stricter than the defaults. */
const options: SluiceOptions = {
  applicationPools: hostingModels.map(({ model }) => ({
    name: model,
    processModel: { pingInterval: '00:00:01', pingResponseTime: '00:00:05' },
    failure: { hangDetection: '00:00:03' },
  })),
  applications: hostingModels.map(({ model, settings }) => ({
    path: `/${model}`,
    applicationPool: model,
    physicalPath: app('plain'),
    ...settings,
  })),
};

function spin(): Program[] {
  const count = spinnersPerProcessor * availableParallelism();
  return Array.from({ length: count }, () => startProgram(process.execPath, ['-e', 'for (;;);']));
}

async function run(seconds: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice(options, async (sluice) => {
    for (const { model } of hostingModels) await sluice.call(`/${model}/`);
    const listeners = listenerPids(sluice);
    const spinners = spin();
    const loads = hostingModels.map(({ model }) =>
      startLoad({
        target: sluice.port,
        ratePerSecond,
        keepAliveConnections: 4,
        // Longer than a turn of the scheduler, so that there is always something in flight.
        path: () => `/${model}/slow?ms=200`,
        limitMs: 60_000,
      }),
    );
    await pause(seconds * 1_000);
    const reports = await Promise.all(loads.map((load) => load.stop()));
    for (const spinner of spinners) await spinner.stop('SIGKILL');
    const lost = reports.reduce((sum, report) => sum + failed(report), 0);
    const ends = (await sluice.pools()).flatMap(({ obituaries }) => obituaries.map(({ reason }) => reason));
    const latencies = reports.flatMap(({ latenciesMs }) => latenciesMs);
    const sameListeners = listenerPids(sluice).every((pid) => listeners.includes(pid));
    outcome = {
      measured: `${spinners.length} spinning processes on ${availableParallelism()} processors for ${seconds} s, pings and hangDetection of 3 to 5 s: ${ends.length} workers ended, ${lost} of ${reports.reduce((sum, { sent }) => sum + sent, 0)} requests of 200 ms lost, median ${percentile(latencies, 0.5).toFixed(0)} ms, p99 ${percentile(latencies, 0.99).toFixed(0)} ms`,
      broken: violations({
        [`ended: ${ends.join(', ')}`]: ends.length === 0,
        'listeners were replaced': sameListeners,
        [`lost: ${reports.map(describeLoad).join('; ')}`]: lost === 0,
      }),
      missed: [],
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const cpuStarvation: Experiment = {
  name: 'cpu-starvation',
  promise: 'four spinning processes per processor for 60 s: 0 workers and listeners taken for hung, 0 requests lost',
  run: (scale) => run(scaled(60, scale, 6)),
};
