import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { groupFile, hostileApplication, tell } from '../../support/hostile-tenant.js';
import { outOfProcess } from '../../support/hosting.js';
import { reasonToSkip, testNeeding } from '../../support/needs.js';
import { allProcesses, commandLine, cpuSeconds, isAlive } from '../../support/processes.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const grouped = testNeeding('control groups', 'other users');
const skipped = reasonToSkip(['control groups', 'other users']) !== null;

const pools = [
  { name: 'b', resources: { pidsMax: 60 } },
  { name: 'm', resources: { memoryMax: '200MB' } },
  { name: 'p', isolation: 'process' },
  { name: 't', cpu: { limit: 10_000, action: 'Throttle' } },
  { name: 'k', cpu: { limit: 100, action: 'KillW3wp', resetInterval: '00:01:00' } },
  { name: 'd' },
];

describe('every pool has a control group', () => {
  let sluice: Sluice;
  beforeAll(async () => {
    if (skipped) return;
    const applications = pools.map(({ name }) => hostileApplication(name, outOfProcess('index.js')));
    sluice = await startSluice({ applicationPools: pools, applications, listeners: 1 });
  }, 90_000);
  afterAll(async () => {
    if (!skipped) await sluice.stop();
  }, 90_000);

  const workerOf = async (pool: string): Promise<number> => {
    await tell(sluice, pool, 'hello');
    return (await sluice.workerPids(pool))[0] ?? 0;
  };

  grouped('without any setting with a fair share of CPU and a limit of processes', async () => {
    const pid = await workerOf('d');
    expect(groupFile(pid, 'pids', ['pids.max', 'pids.max'])).toBe('1024');
    expect(groupFile(pid, 'cpu', ['cpu.shares', 'cpu.weight'])).toMatch(/^(1024|100)$/);
    const server = readFileSync(`/proc/${sluice.pid}/cgroup`, 'latin1');
    expect(server).toMatch(/sluice-[0-9a-f]{8}.*-server/);
    expect(sluice.output()).toMatch(/control-groups mode=(v2|hybrid|v1) limits=/);
  });

  grouped('a fork bomb stays below pidsMax, and the neighbour answers', async () => {
    const pid = await workerOf('b');
    await tell(sluice, 'b', 'bomb');
    // Version 1 counts where the fork was tried, version 2 where the limit is.
    const refused = (): number =>
      ['.', '..'].reduce((sum, at) => {
        const events = groupFile(pid, 'pids', [`${at}/pids.events`, `${at}/pids.events`], '');
        return sum + Number(/max (\d+)/.exec(events)?.[1]);
      }, 0);
    await until('the kernel refuses forks', () => refused() > 20, { withinMs: 60_000 });
    expect(Number(groupFile(pid, 'pids', ['pids.current', 'pids.current']))).toBeLessThanOrEqual(60);
    expect(await tell(sluice, 'd', 'hello')).toEqual({ done: true });
  });

  grouped('a memory hog is killed at memoryMax, its obituary says so, and the next request is served', async () => {
    const pid = await workerOf('m');
    await tell(sluice, 'm', 'eat');
    await until('the kernel kills it', () => !isAlive(pid), { withinMs: 60_000 });
    const obituary = await until('the end is written down', async () => (await sluice.pool('m')).obituaries[0], {
      withinMs: 60_000,
    });
    expect(obituary).toMatchObject({ pid, signal: 'SIGKILL', reason: 'memory-limit' });
    expect(obituary.how).toContain('resources.memoryMax');
    expect(await tell(sluice, 'm', 'hello')).toEqual({ done: true });
  });

  grouped('a throttled pool gets no more CPU than its share, whatever it starts', async () => {
    const pid = await workerOf('t');
    for (let spinners = 0; spinners < 3; spinners++) await tell(sluice, 't', 'spin');
    const throttled = (): number =>
      Number(/nr_throttled (\d+)/.exec(groupFile(pid, 'cpu', ['cpu.stat', 'cpu.stat']))?.[1]);
    const periods = (): number => Number(/nr_periods (\d+)/.exec(groupFile(pid, 'cpu', ['cpu.stat', 'cpu.stat']))?.[1]);
    const family = (): number[] =>
      allProcesses()
        .filter((one) => one.parent === pid)
        .map((one) => one.pid);
    await until('it runs into the limit', () => throttled() > 20, { withinMs: 60_000 });
    const before = { cpu: cpuSeconds(family()), periods: periods() };
    await until('thirty periods pass', () => periods() - before.periods >= 30, { withinMs: 60_000 });
    const [quota, period] = [Number(groupFile(pid, 'cpu', ['cpu.cfs_quota_us', 'cpu.max']).split(' ')[0]), 100_000];
    expect(quota / period).toBeCloseTo(0.1 * (await import('node:os')).availableParallelism(), 3);
    const used = cpuSeconds(family()) - before.cpu;
    // Periods are counted by the kernel, so a slow machine changes nothing.
    expect(used).toBeLessThanOrEqual(((periods() - before.periods) * quota * 1.5) / 1e6 + 0.1);
  });

  grouped('KillW3wp ends the workers of a pool that used its share of the interval', async () => {
    const pid = await workerOf('k');
    await tell(sluice, 'k', 'spin');
    await until('it is killed', () => !isAlive(pid), { withinMs: 60_000 });
    const obituary = await until('the end is written down', async () => (await sluice.pool('k')).obituaries[0], {
      withinMs: 60_000,
    });
    expect(obituary).toMatchObject({ pid, reason: 'cpu-limit' });
    expect(sluice.output()).toContain('cpu-limit-reached');
  });

  grouped('what left group, session and parent of its worker goes with the worker, also at level process', async () => {
    const mark = 100_000 + Math.floor(Math.random() * 800_000);
    const escaped = (): number[] =>
      allProcesses()
        .filter((one) => commandLine(one.pid) === `sleep ${mark}`)
        .map((one) => one.pid);
    const pid = await workerOf('p');
    await tell(sluice, 'p', 'escape', String(mark));
    const [stray = 0] = await until('it has escaped', () => (escaped().length > 0 ? escaped() : null), {
      withinMs: 60_000,
    });
    expect(allProcesses().find((one) => one.pid === stray)?.group).not.toBe(pid);
    process.kill(pid, 'SIGTERM');
    await until('worker and stray are gone', () => !isAlive(pid) && escaped().length === 0, { withinMs: 60_000 });
  });
});
