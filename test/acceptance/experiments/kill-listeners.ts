import { describeLoad, percentile, startLoad } from '../../support/load.js';
import { app } from '../../support/paths.js';
import { commandLine } from '../../support/processes.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { monotonicMs, pause, until } from '../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

const listeners = 2;

export function listenerPids(sluice: Sluice): number[] {
  return sluice
    .tree()
    .map((one) => one.pid)
    .filter((pid) => /listener[\w/.-]*main\.js/.test(commandLine(pid)));
}

/** Kills so many listeners and returns how long it took until as many live again and a new connection is served. */
async function kill(sluice: Sluice, count: number): Promise<number> {
  const old = new Set(listenerPids(sluice));
  const startedMs = monotonicMs();
  for (const pid of [...old].slice(0, count)) process.kill(pid, 'SIGKILL');
  const isWhole = (): boolean => {
    const pids = listenerPids(sluice);
    return pids.length === listeners && pids.filter((pid) => !old.has(pid)).length === count;
  };
  await until('as many new listeners', isWhole, { everyMs: 5 });
  await until('a new connection is served', async () => {
    const answer = await sluice.call('/').catch(() => null);
    return answer !== null && answer.status === 200;
  });
  return monotonicMs() - startedMs;
}

async function run(count: number, seconds: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice(
    {
      listeners,
      applicationPools: [{ name: 'a' }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
    },
    async (sluice) => {
      await sluice.call('/');
      await until('all listeners run', () => listenerPids(sluice).length === listeners);
      // A new connection for each request: refused ones are what must not be.
      const load = startLoad({ target: sluice.port, ratePerSecond: 200, path: (serial) => `/n/${serial}` });
      const times: number[] = [];
      const endMs = monotonicMs() + seconds * 1_000;
      while (monotonicMs() < endMs) {
        const took = await kill(sluice, count);
        times.push(took);
        await pause(Math.max(0, 1_000 - took));
      }
      const report = await load.stop();
      const worst = Math.round(Math.max(...times));
      outcome = {
        measured: `${times.length} rounds, ${count} of ${listeners} listeners each; replaced and serving in ${Math.round(percentile(times, 0.5))} ms (worst ${worst} ms); ${describeLoad(report)}`,
        broken: violations({
          [`connections refused: ${describeLoad(report)}`]: report.refused === 0,
          [`clients left hanging: ${report.timedOut}`]: report.timedOut === 0,
          [`other answers than 200: ${describeLoad(report)}`]: [...report.byStatus.keys()].every((one) => one === 200),
        }),
        missed: violations({ [`replaced in ${worst} ms, not under 1000 ms`]: worst < 1_000 }),
      };
    },
  );
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const killListeners: Experiment = {
  name: 'kill-listeners',
  promise: 'kill -9 of every listener every second: replaced in under 1 s each, 0 connections refused',
  run: (scale) => run(listeners, scaled(60, scale, 5)),
};

export const killOneListener: Experiment = {
  name: 'kill-one-listener',
  promise:
    'kill -9 of one of two listeners every second: back in under 1 s, 0 connections refused, only its own are reset',
  run: (scale) => run(1, scaled(60, scale, 5)),
};
