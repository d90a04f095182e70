import { hostingModels, type HostingChoice } from '../../support/hosting.js';
import { describeLoad, failed, startLoad } from '../../support/load.js';
import { app } from '../../support/paths.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

const configured = 4;

/** Crashes the pool's worker, each time after it has answered, until requests are refused. */
async function crashUntilRefused(sluice: Sluice): Promise<{ crashes: number; status: number }> {
  for (let crashes = 0; crashes <= configured * 2; crashes += 1) {
    const answer = await sluice.call('/a/pid');
    if (answer.status !== 200) return { crashes, status: answer.status };
    process.kill(Number(answer.text), 'SIGKILL');
    await until('the exit is noticed', async () => {
      const { obituaries } = await sluice.pool('a');
      return obituaries.some((one) => one.pid === Number(answer.text));
    });
  }
  return { crashes: -1, status: 200 };
}

async function run(choice: HostingChoice): Promise<Outcome> {
  let outcome: Outcome | null = null;
  const outside = choice.model === 'out-of-process';
  const hosting = { ...(choice.settings['hosting'] as object | undefined), rapidFailsPerMinute: configured };
  await withSluice(
    {
      applicationPools: [
        { name: 'a', failure: { rapidFailProtectionMaxCrashes: configured, rapidFailProtectionInterval: '00:05:00' } },
        { name: 'b' },
      ],
      applications: [
        { path: '/a', applicationPool: 'a', physicalPath: app('plain'), ...(outside ? { hosting } : {}) },
        { path: '/b', applicationPool: 'b', physicalPath: app('plain') },
      ],
    },
    async (sluice) => {
      await sluice.call('/b/');
      const neighbour = startLoad({
        target: sluice.port,
        ratePerSecond: 50,
        keepAliveConnections: 8,
        path: () => '/b/',
      });
      const seen = await crashUntilRefused(sluice);
      const b = await neighbour.stop();
      // IIS trips at the Nth crash of the pool; the ASP.NET Core Module above N crashes of the application.
      const expected = outside ? { crashes: configured + 1, status: 502 } : { crashes: configured, status: 503 };
      const pool = await sluice.pool('a');
      outcome = {
        measured: `${choice.model}: configured ${configured}, refused after crash ${seen.crashes} with ${seen.status}; pool ${pool.state}; B sent ${b.sent}, failed ${failed(b)}`,
        broken: violations({
          [`trips after ${expected.crashes} crashes, not ${seen.crashes}`]: seen.crashes === expected.crashes,
          [`refuses with ${expected.status}, not ${seen.status}`]: seen.status === expected.status,
          [`pool B is unaffected: ${describeLoad(b)}`]: failed(b) === 0,
        }),
        missed: [],
      };
    },
  );
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const rapidFail: readonly Experiment[] = hostingModels.map((choice) => ({
  name: `rapid-fail-${choice.model}`,
  promise: `rapid-fail protection (${choice.model}) trips exactly at the configured count, pool B unaffected`,
  run: () => run(choice),
}));
