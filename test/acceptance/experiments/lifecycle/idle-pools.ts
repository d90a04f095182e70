/** What pools cost that nobody uses: configured and never asked, and suspended after their idleTimeout. */
import { readFileSync } from 'node:fs';
import { median } from '../../../bench/measure.js';
import { hostingModels } from '../../../support/hosting.js';
import { percentile } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { cpuSeconds, processStat, residentBytes } from '../../../support/processes.js';
import { type Settings, type Sluice, type SluiceOptions, withSluice } from '../../../support/sluice.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';

const primaryRssMiB = 120;
const quietMs = 5_000;
const mib = 2 ** 20;

/** `pools` of them, half of them hosted either way. */
function options(pools: number, processModel: Settings): SluiceOptions {
  const names = Array.from({ length: pools }, (_, index) => `pool${index}`);
  return {
    applicationPools: names.map((name) => ({ name, processModel })),
    applications: names.map((name, index) => ({
      path: `/${name}`,
      applicationPool: name,
      physicalPath: app('plain'),
      ...hostingModels[index % hostingModels.length]?.settings,
    })),
  };
}

async function workers(sluice: Sluice) {
  return (await sluice.pools()).flatMap((pool) => pool.workers);
}

async function unused(pools: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice(options(pools, {}), async (sluice) => {
    await pause(quietMs);
    // Primary, guardian and listeners; anything else would be a worker.
    const others = sluice.tree().length - 2 - listenerPids(sluice).length;
    const known = (await workers(sluice)).length;
    const rss = residentBytes(sluice.pid) / mib;
    const listeners = listenerPids(sluice).map((pid) => (residentBytes(pid) / mib).toFixed(0));
    outcome = {
      measured: `${pools} pools: ${others} worker processes, primary ${rss.toFixed(0)} MiB, listeners ${listeners.join(', ')} MiB`,
      broken: violations({ [`${others} processes, ${known} workers`]: others === 0 && known === 0 }),
      missed: violations({ [`the primary has ${rss.toFixed(0)} MiB`]: rss <= primaryRssMiB }),
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

interface Memory {
  readonly rssMiB: number;
  /** Shared pages by the share of each process. */
  readonly pssMiB: number;
}

function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { rssMiB: kib('Rss') / 1_024, pssMiB: kib('Pss') / 1_024 };
}

function words(memory: readonly Memory[]): string {
  const rss = median(memory.map((one) => one.rssMiB));
  const pss = median(memory.map((one) => one.pssMiB));
  return `${rss.toFixed(1)} MiB resident, ${pss.toFixed(1)} MiB its share`;
}

async function asleep(sluice: Sluice, pools: number): Promise<void> {
  await until(
    'every worker is suspended',
    async () => {
      const all = await workers(sluice);
      return (
        all.length === pools && all.every(({ pid, state }) => state === 'suspended' && processStat(pid)?.state === 'T')
      );
    },
    { withinMs: 180_000, everyMs: 500 },
  );
}

async function suspended(pools: number, restMs: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  const idle = { idleTimeout: `00:00:${String(restMs / 1_000).padStart(2, '0')}`, idleTimeoutAction: 'Suspend' };
  await withSluice(options(pools, idle), async (sluice) => {
    const pids: number[] = [];
    const awake: Memory[] = [];
    for (let index = 0; index < pools; index += 1) {
      const pid = Number((await sluice.call(`/pool${index}/pid`)).text);
      pids.push(pid);
      awake.push(memoryOf(pid));
    }
    await asleep(sluice, pools);
    await pause(quietMs);
    const before = cpuSeconds(pids);
    await pause(quietMs);
    const cpu = cpuSeconds(pids) - before;
    const resting = pids.map(memoryOf);
    const rss = residentBytes(sluice.pid) / mib;
    const ofModel = (memory: readonly Memory[], index: number) => memory.filter((_, place) => place % 2 === index);
    const costs = hostingModels.map(
      ({ model }, index) => `${model} ${words(ofModel(resting, index))} (awake: ${words(ofModel(awake, index))})`,
    );
    const wakeMs: number[] = [];
    const same: boolean[] = [];
    for (let index = 0; index < pools; index += 1) {
      const startedMs = monotonicMs();
      const answer = await sluice.call(`/pool${index}/pid`);
      wakeMs.push(monotonicMs() - startedMs);
      same.push(answer.status === 200 && Number(answer.text) === pids[index]);
    }
    outcome = {
      measured: `${pools} suspended workers of a small Node app, each: ${costs.join('; ')}; ${cpu.toFixed(2)} s of CPU in 5 s; primary ${rss.toFixed(0)} MiB; woken by a request in ${percentile(wakeMs, 0.5).toFixed(0)} ms (p99 ${percentile(wakeMs, 0.99).toFixed(0)})`,
      broken: violations({
        'every worker answers after its sleep': same.every(Boolean),
        [`the sleeping ones used ${cpu} s of CPU`]: cpu === 0,
      }),
      missed: [],
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

async function run(pools: number): Promise<Outcome> {
  const parts = [await unused(pools), await suspended(pools, (pools < 20 ? 2 : 5) * 1_000)];
  return {
    measured: parts.map(({ measured }) => measured).join('; '),
    broken: parts.flatMap(({ broken }) => broken),
    missed: parts.flatMap(({ missed }) => missed),
  };
}

export const idlePools: Experiment = {
  name: 'idle-pools',
  promise: `200 idle pools: 0 worker processes, the primary at most ${primaryRssMiB} MiB; what each of 200 suspended workers costs`,
  run: (scale) => run(scaled(200, scale, 8)),
};
