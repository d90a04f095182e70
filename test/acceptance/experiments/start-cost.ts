/** What hosting in-process costs at the start of a worker: time until ready and memory, beside the app alone. */
import { accepts } from '../../support/accepts.js';
import { join } from 'node:path';
import { call } from '../../support/http-client.js';
import { freePort } from '../../support/free-port.js';
import { median } from '../../bench/measure.js';
import { app } from '../../support/paths.js';
import { residentBytes } from '../../support/processes.js';
import { startProgram } from '../../support/program.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { monotonicMs, pause, until } from '../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

interface Cost {
  readonly readyMs: number;
  readonly rssMiB: number;
}

const subjects = ['plain', join('frameworks', 'fastify'), join('frameworks', 'express')];
const requestsBeforeRss = 50;

async function costAlone(folder: string): Promise<Cost> {
  const port = await freePort();
  const startedMs = monotonicMs();
  const program = startProgram(process.execPath, ['.'], { cwd: folder, env: { ...process.env, PORT: String(port) } });
  await until('the app alone accepts', () => accepts(port), { everyMs: 1, state: () => program.output() });
  const readyMs = monotonicMs() - startedMs;
  for (let index = 0; index < requestsBeforeRss; index += 1) await call(port, '/');
  await pause(500);
  const rssMiB = residentBytes(program.pid) / 2 ** 20;
  await program.stop();
  return { readyMs, rssMiB };
}

async function startSeconds(sluice: Sluice): Promise<{ sum: number; count: number }> {
  const text = await sluice.metrics();
  const read = (suffix: string): number =>
    Number(new RegExp(`^sluice_worker_start_duration_seconds_${suffix}\\{[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
  return { sum: read('sum'), count: read('count') };
}

interface Costs {
  readonly alone: Cost[];
  readonly hosted: Cost[];
}

/** Alone and hosted in turns, so that both see the same machine. */
async function measureCosts(folder: string, rounds: number): Promise<Costs> {
  const costs: Costs = { alone: [], hosted: [] };
  await withSluice(
    {
      args: ['--isolation', 'process'],
      applicationPools: [{ name: 'a', failure: { rapidFailProtection: false } }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: folder }],
    },
    async (sluice) => {
      for (let round = 0; round < rounds; round += 1) {
        costs.alone.push(await costAlone(folder));
        costs.hosted.push(await costHosted(sluice));
      }
    },
  );
  return costs;
}

/** Starts the worker by a request, measures it and kills it. */
async function costHosted(sluice: Sluice): Promise<Cost> {
  const before = await startSeconds(sluice);
  await sluice.call('/');
  const after = await until('the start is counted', async () => {
    const now = await startSeconds(sluice);
    return now.count > before.count && now;
  });
  for (let index = 0; index < requestsBeforeRss; index += 1) await sluice.call('/');
  await pause(500);
  const [pid] = await sluice.workerPids('a');
  const readyMs = ((after.sum - before.sum) / (after.count - before.count)) * 1_000;
  const rssMiB = residentBytes(pid ?? -1) / 2 ** 20;
  process.kill(pid ?? -1, 'SIGKILL');
  await until('the worker is gone', async () => (await sluice.workerPids('a')).length === 0);
  return { readyMs, rssMiB };
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
}

async function run(rounds: number): Promise<Outcome> {
  const measured: string[] = [];
  const missed: string[] = [];
  for (const name of subjects) {
    const { alone, hosted } = await measureCosts(app(name), rounds);
    const added = {
      ms: median(hosted.map((one) => one.readyMs)) - median(alone.map((one) => one.readyMs)),
      mib: median(hosted.map((one) => one.rssMiB)) - median(alone.map((one) => one.rssMiB)),
    };
    const figures = `${name}: ready ${signed(added.ms, 0)} ms, RSS ${signed(added.mib, 1)} MiB`;
    measured.push(figures);
    missed.push(...violations({ [figures]: added.ms <= 50 && added.mib <= 12 }));
  }
  return { measured: measured.join('; '), broken: [], missed };
}

export const startCost: Experiment = {
  name: 'start-cost',
  promise:
    'an in-process worker is ready within 50 ms of the time that the app needs alone and needs at most 12 MB more',
  run: (scale) => run(scaled(5, scale, 3)),
};
