/**
 * What a scrape costs with 1,000 pools of which 100 have traffic, each with a real worker: its time at the client, the
 * delay of the primary's event loop while it is scraped, and that stopped workers change nothing.
 */
import { readStat } from '../../../pools/runtimes/proc.js';
import { call } from '../../support/http-client.js';
import { app } from '../../support/paths.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { monotonicMs, pause, until } from '../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

const scrapeMsMax = 100;
const loopDelayMsMax = 20;
const requestsPerPool = 20;
const stoppedWorkers = 10;
const pauseMs = 700;

interface Size {
  readonly pools: number;
  readonly busy: number;
  readonly scrapes: number;
}

interface Scrape {
  readonly ms: number;
  readonly text: string;
}

async function scrape(sluice: Sluice): Promise<Scrape> {
  const startedMs = monotonicMs();
  const { text } = await call(sluice.adminPort, '/metrics');
  return { ms: monotonicMs() - startedMs, text };
}

/** Far enough from each other that none is given twice; each tells of the loop's delay since the one before. */
async function scrapes(sluice: Sluice, count: number): Promise<Scrape[]> {
  const all: Scrape[] = [];
  for (let index = 0; index < count; index += 1) {
    all.push(await scrape(sluice));
    await pause(pauseMs);
  }
  return all;
}

/** A mix of methods and answers, four pools at a time. */
async function useEvery(sluice: Sluice, pools: number): Promise<void> {
  const left = Array.from({ length: pools }, (_, index) => index);
  const one = async (): Promise<void> => {
    for (let pool = left.pop(); pool !== undefined; pool = left.pop()) {
      for (let index = 0; index < requestsPerPool; index += 1) {
        const path = index % 5 === 4 ? 'missing' : '';
        await sluice.call(`/p${pool}/${path}`, { method: index % 4 === 3 ? 'POST' : 'GET', limitMs: 60_000 });
      }
    }
  };
  await Promise.all(Array.from({ length: 4 }, one));
}

function valueOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

function requestsIn(text: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith('sluice_http_requests_total{'));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function withWorkersStopped<T>(sluice: Sluice, count: number, body: () => Promise<T>): Promise<T> {
  const pids = (await sluice.pools()).flatMap(({ workers }) => workers.map(({ pid }) => pid)).slice(0, count);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    return await body();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

async function measure(sluice: Sluice, { pools, busy, scrapes: count }: Size): Promise<Outcome> {
  await useEvery(sluice, busy);
  const expected = busy * requestsPerPool;
  await until('every request is counted', async () => requestsIn((await scrape(sluice)).text) === expected, {
    withinMs: 60_000,
    everyMs: 500,
  });
  await scrape(sluice);
  await pause(pauseMs);
  const cpuBefore = readStat(sluice.pid)?.cpuUs ?? 0;
  const all = await scrapes(sluice, count);
  const cpuMs = ((readStat(sluice.pid)?.cpuUs ?? 0) - cpuBefore) / 1_000 / count;
  const stopped = await withWorkersStopped(sluice, Math.min(stoppedWorkers, busy), () =>
    scrapes(sluice, Math.ceil(count / 4)),
  );
  const last = all.at(-1)?.text ?? '';
  const times = all.map(({ ms }) => ms);
  const delayMs = percentile(
    all.slice(1).map(({ text }) => valueOf(text, 'nodejs_eventloop_lag_max_seconds') * 1_000),
    0.99,
  );
  const lines = last.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  const p99 = percentile(times, 0.99);
  const p99Stopped = percentile(
    stopped.map(({ ms }) => ms),
    0.99,
  );
  return {
    measured:
      `${pools} pools, ${busy} with traffic: ${lines} lines, ${Math.round(last.length / 1_024)} KiB; a scrape takes ` +
      `${percentile(times, 0.5).toFixed(0)} ms (p99 ${p99.toFixed(0)}), with ${Math.min(stoppedWorkers, busy)} workers stopped p99 ${p99Stopped.toFixed(0)} ms; ` +
      `primary: ${cpuMs.toFixed(1)} ms CPU for each scrape and the ${pauseMs} ms after it, loop delay at most ${delayMs.toFixed(0)} ms`,
    broken: violations({
      'every request is counted once': [...all, ...stopped].every(({ text }) => requestsIn(text) === expected),
      'nothing was dropped': !last.includes('sluice_metrics_updates_dropped_total{'),
      'only pools with traffic have series':
        new Set([...last.matchAll(/pool="([^"]*)"/g)].map(([, name]) => name)).size === busy,
    }),
    missed: violations({
      [`a scrape takes less than ${scrapeMsMax} ms`]: p99 < scrapeMsMax && p99Stopped < scrapeMsMax,
      [`the loop of the primary is delayed by less than ${loopDelayMsMax} ms`]: delayMs < loopDelayMsMax,
    }),
  };
}

async function run(size: Size): Promise<Outcome> {
  const names = Array.from({ length: size.pools }, (_, index) => `p${index}`);
  let outcome: Outcome = { measured: 'nothing', broken: ['did not run'], missed: [] };
  const options = {
    applicationPools: names.map((name) => ({
      name,
      failure: { hangDetection: '00:00:00' },
      processModel: { pingingEnabled: false },
    })),
    applications: names.map((name) => ({ path: `/${name}`, applicationPool: name, physicalPath: app('plain') })),
    args: ['--isolation', 'process'],
  };
  await withSluice(options, async (sluice) => {
    outcome = await measure(sluice, size);
  });
  return outcome;
}

export const scrapeCost: Experiment = {
  name: 'scrape-cost',
  promise:
    'a scrape with 1,000 pools, 100 of them with traffic, takes less than 100 ms, waits for no worker and delays the primary by less than 20 ms',
  run: (scale) => run({ pools: scaled(1_000, scale, 20), busy: scaled(100, scale, 4), scrapes: scaled(60, scale, 8) }),
};
