import { hostingModels, type HostingChoice } from '../../support/hosting.js';
import { describeLoad, failed, percentile, startLoad } from '../../support/load.js';
import { askInTurn } from '../../support/one-connection.js';
import { app } from '../../support/paths.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { monotonicMs, pause, until } from '../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

const configured = 4;
const refusalMs = 5;

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

interface Refusals {
  readonly statuses: string;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Processes that were there for a moment, and lives of workers that the pool knows of, since it was tripped. */
  readonly processes: number;
  readonly starts: number;
}

/** A tripped pool, asked all the time: what answers cost, and whether anything is started for them. */
async function refusals(sluice: Sluice, requests: number, seconds: number): Promise<Refusals> {
  const { latenciesMs, statuses } = await askInTurn(sluice.port, '/a/pid', requests);
  const known = new Set(sluice.tree().map((one) => one.pid));
  const lives = async (): Promise<number> => {
    const { workers, obituaries, restarts } = await sluice.pool('a');
    return workers.length + obituaries.length + restarts;
  };
  const before = await lives();
  const fresh = new Set<number>();
  const load = startLoad({ target: sluice.port, ratePerSecond: 20, keepAliveConnections: 2, path: () => '/a/pid' });
  const endMs = monotonicMs() + seconds * 1_000;
  while (monotonicMs() < endMs) {
    for (const { pid } of sluice.tree()) if (!known.has(pid)) fresh.add(pid);
    await pause(50);
  }
  await load.stop();
  return {
    statuses: [...new Set(statuses)].join(),
    medianMs: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    processes: fresh.size,
    starts: (await lives()) - before,
  };
}

function judged(what: Refusals, requests: number, status: number): Pick<Outcome, 'measured' | 'broken' | 'missed'> {
  const { statuses, medianMs, p99Ms, processes, starts } = what;
  return {
    measured: `${requests} refusals on one connection: median ${medianMs.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms; then ${processes} processes and ${starts} starts`,
    broken: violations({
      [`answers ${statuses}, not ${status}`]: statuses === String(status),
      [`${processes} processes were started`]: processes === 0,
      [`${starts} starts were tried`]: starts === 0,
    }),
    missed: violations({
      [`median ${medianMs.toFixed(2)} ms`]: medianMs < refusalMs,
      [`p99 ${p99Ms.toFixed(2)} ms`]: p99Ms < refusalMs,
    }),
  };
}

async function run(choice: HostingChoice, scale: number): Promise<Outcome> {
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
      const requests = scaled(1_000, scale, 100);
      const seconds = scaled(10, scale, 2);
      const refused = judged(await refusals(sluice, requests, seconds), requests, expected.status);
      outcome = {
        measured: `${choice.model}: configured ${configured}, refused after crash ${seen.crashes} with ${seen.status}; pool ${pool.state}; B sent ${b.sent}, failed ${failed(b)}; ${refused.measured} in ${seconds} s`,
        broken: [
          ...violations({
            [`trips after ${expected.crashes} crashes, not ${seen.crashes}`]: seen.crashes === expected.crashes,
            [`refuses with ${expected.status}, not ${seen.status}`]: seen.status === expected.status,
            [`pool B is unaffected: ${describeLoad(b)}`]: failed(b) === 0,
          }),
          ...refused.broken,
        ],
        missed: refused.missed,
      };
    },
  );
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const rapidFail: readonly Experiment[] = hostingModels.map((choice) => ({
  name: `rapid-fail-${choice.model}`,
  promise: `rapid-fail protection (${choice.model}) trips exactly at the configured count, pool B unaffected; a tripped pool refuses in under 5 ms, with 0 processes and 0 start attempts in 10 s`,
  run: (scale) => run(choice, scale),
}));
