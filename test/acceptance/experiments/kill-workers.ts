import { hostingModels, type HostingChoice } from '../../support/hosting.js';
import { describeLoad, failed, percentile, type RunningLoad, startLoad } from '../../support/load.js';
import { app } from '../../support/paths.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { monotonicMs, pause, until } from '../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

const ratePerSecond = 100;
const killEveryMs = 1_000;

function slowLoad(sluice: Sluice, base: string) {
  return startLoad({
    target: sluice.port,
    ratePerSecond,
    keepAliveConnections: 32,
    // One popular line, in flight in both workers whenever they are killed: that is one crash of it, not two.
    path: () => `${base}/slow?ms=20`,
    isRight: (_serial, text) => text.startsWith('slow '),
  });
}

async function killEverySecond(sluice: Sluice, load: RunningLoad, seconds: number): Promise<number> {
  let kills = 0;
  const endMs = monotonicMs() + seconds * 1_000;
  while (monotonicMs() < endMs) {
    // What the last kill sent round again is answered by then: a request that is hit twice is rightly given
    // up, and on a slow machine a start may take most of a second.
    await sluice.call('/a/slow?ms=60', { method: 'POST' });
    await load.underWay();
    for (const pid of await sluice.workerPids('a')) {
      try {
        process.kill(pid, 'SIGKILL');
        kills += 1;
      } catch {
        // It ended between the look and the kill.
      }
    }
    await pause(killEveryMs);
  }
  return kills;
}

async function run(choice: HostingChoice, seconds: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  const noRapidFail = { rapidFailProtection: false };
  await withSluice(
    {
      applicationPools: [
        { name: 'a', failure: noRapidFail, processModel: { maxProcesses: 2 } },
        { name: 'b', processModel: { maxProcesses: 1 } },
      ],
      applications: [
        { path: '/a', applicationPool: 'a', physicalPath: app('plain'), ...choice.settings },
        { path: '/b', applicationPool: 'b', physicalPath: app('plain'), ...choice.settings },
      ],
    },
    async (sluice) => {
      await Promise.all([sluice.call('/a/'), sluice.call('/b/')]);
      const loads = { a: slowLoad(sluice, '/a'), b: slowLoad(sluice, '/b') };
      const kills = await killEverySecond(sluice, loads.a, seconds);
      const [a, b] = await Promise.all([loads.a.stop(), loads.b.stop()]);
      await until('pool a serves again', async () => (await sluice.call('/a/')).status === 200);
      outcome = {
        measured: `${choice.model}: ${kills} kills in ${seconds} s; A sent ${a.sent}, lost ${failed(a)} (p99 ${Math.round(percentile(a.latenciesMs, 0.99))} ms); B sent ${b.sent}, failed ${failed(b)} (p99 ${Math.round(percentile(b.latenciesMs, 0.99))} ms)`,
        broken: violations({
          [`pool A lost requests: ${describeLoad(a)}`]: failed(a) === 0,
          [`pool B felt it: ${describeLoad(b)}`]: failed(b) === 0,
          'workers were killed': kills > 0,
        }),
        missed: [],
      };
    },
  );
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const killWorkers: readonly Experiment[] = hostingModels.map((choice) => ({
  name: `kill-workers-${choice.model}`,
  promise: `kill -9 of pool A's ${choice.model} workers every second for 120 s: pool B 0 failed, pool A 0 lost`,
  run: (scale) => run(choice, scaled(120, scale, 5)),
}));
