import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { isAlive } from '../../support/processes.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';
import { recordsOf } from '../../support/log-records.js';

/** A local time of day, some seconds from now, as the schedule says it. */
function soon(seconds: number, clock: Date): string {
  const at = new Date(clock.getTime() + seconds * 1_000);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}

function now(): Date {
  return new Date(performance.timeOrigin + performance.now());
}

/** The pid that answers once it is another than before. */
function nextPid(sluice: Sluice, pool: string, before: string): Promise<string> {
  return until(
    `pool ${pool} has a new worker`,
    async () => {
      const { status, text } = await sluice.call(`/${pool}/pid`);
      return status === 200 && text !== before && text;
    },
    { withinMs: 60_000 },
  );
}

/** Both ways of hosting on one server: pools `time-in-process`, `time-out-of-process` ... */
function everywhere(pools: readonly (Settings & { readonly name: string })[]) {
  const applicationPools = pools.flatMap((pool) =>
    hostingModels.map(({ model }) => ({ ...pool, name: `${pool.name}-${model}` })),
  );
  const applications = pools.flatMap(({ name }) =>
    hostingModels.map(({ model, settings }) => {
      const pool = `${name}-${model}`;
      return { path: `/${pool}`, applicationPool: pool, physicalPath: app('plain'), ...settings };
    }),
  );
  return { applicationPools, applications };
}

const models = hostingModels.map(({ model }) => model);

async function recordsOnceThere(sluice: Sluice, event: string, pool: string) {
  return until(`a record ${event} of ${pool}`, () => {
    const found = recordsOf(sluice, event, pool);
    return found.length > 0 && found;
  });
}

test('each limit of periodicRestart replaces the worker, with its reason and the event id of IIS', async () => {
  const limits = [
    { why: 'time', periodicRestart: { time: '00:00:05' }, eventId: 5074 },
    { why: 'requests', periodicRestart: { requests: 5 }, eventId: 5075 },
    { why: 'memory', periodicRestart: { memory: 20_000 }, eventId: 5077 },
    { why: 'private-memory', periodicRestart: { privateMemory: 5_000 }, eventId: 5117 },
  ];
  const pools = limits.map(({ why, periodicRestart }) => ({ name: why, recycling: { periodicRestart } }));
  await withSluice(everywhere(pools), async (sluice) => {
    const replaced = async (pool: string, why: string, eventId: number): Promise<void> => {
      const first = (await sluice.call(`/${pool}/pid`)).text;
      await nextPid(sluice, pool, first);
      const [record] = await recordsOnceThere(sluice, 'recycle-due', pool);
      expect(record).toMatchObject({ why, eventId, pid: Number(first) });
      await until('the old one is gone', () => !isAlive(Number(first)), { withinMs: 60_000 });
      expect((await sluice.pool(pool)).restarts).toBe(0);
    };
    const all = limits.flatMap(({ why, eventId }) => models.map((model) => replaced(`${why}-${model}`, why, eventId)));
    await Promise.all(all);
  });
});

test('schedule replaces workers at its time of day, a changed configuration unless that is disallowed', async () => {
  const environmentVariables = [{ name: 'V', value: '1' }];
  // Two times, so that a slow machine does not miss its only one.
  const schedule = [soon(15, now()), soon(45, now())];
  const pools = [
    { name: 'changes', environmentVariables },
    { name: 'keeps', environmentVariables, recycling: { disallowRotationOnConfigChange: true } },
    { name: 'scheduled', recycling: { logEventOnRecycle: 'Time', periodicRestart: { schedule } } },
  ];
  await withSluice(everywhere(pools), async (sluice) => {
    const pidOf = async (pool: string): Promise<string> => (await sluice.call(`/${pool}/pid`)).text;
    const kept = await Promise.all(models.map((model) => pidOf(`keeps-${model}`)));
    const changed = await Promise.all(models.map((model) => pidOf(`changes-${model}`)));
    const scheduled = await Promise.all(models.map((model) => pidOf(`scheduled-${model}`)));
    writeFileSync(sluice.file, readFileSync(sluice.file, 'utf8').replaceAll('"value": "1"', '"value": "2"'));
    sluice.program.child.kill('SIGHUP');
    for (const [index, model] of models.entries()) {
      await nextPid(sluice, `changes-${model}`, changed[index] ?? '');
      const records = await recordsOnceThere(sluice, 'recycle-due', `changes-${model}`);
      expect(records).toMatchObject([{ why: 'config-change', eventId: 5080 }]);
      await nextPid(sluice, `scheduled-${model}`, scheduled[index] ?? '');
      // logEventOnRecycle names Time only: what was done is logged, its cause is not announced.
      expect((await recordsOnceThere(sluice, 'recycled', `scheduled-${model}`))[0]).toMatchObject({ why: 'schedule' });
      expect(recordsOf(sluice, 'recycle-due', `scheduled-${model}`)).toEqual([]);
      expect(await pidOf(`keeps-${model}`)).toBe(kept[index]);
    }
  });
});

test('disallowOverlappingRotation: the old worker is gone before the new one starts, requests wait', async () => {
  const recycling = { disallowOverlappingRotation: true, periodicRestart: { requests: 3 } };
  await withSluice(everywhere([{ name: 'a', recycling }]), async (sluice) => {
    const watched = async (pool: string): Promise<number> => {
      const seen = new Set<string>();
      let together = 0;
      await until(
        'three workers answered',
        async () => {
          const { status, text } = await sluice.call(`/${pool}/pid`);
          expect(status).toBe(200);
          seen.add(text);
          together = Math.max(together, [...seen].filter((pid) => isAlive(Number(pid))).length);
          return seen.size >= 3;
        },
        { withinMs: 60_000 },
      );
      return together;
    };
    expect(await Promise.all(models.map((model) => watched(`a-${model}`)))).toEqual([1, 1]);
  });
});
