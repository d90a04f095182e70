import { expect, test } from '@jest/globals';
import { exampleConfiguration, examples } from '../../support/examples.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

/** Statuses of every example but one. */
async function othersAnswer(sluice: Sluice, but: string): Promise<void> {
  const others = examples().filter((example) => example.pool !== but);
  const seen = await Promise.all(others.map(async ({ path }) => [path, (await sluice.call(path)).status]));
  expect(seen).toEqual(others.map(({ path }) => [path, 200]));
}

test('every example answers, a crash and a blocked loop stay where they are', async () => {
  await withSluice({ yaml: exampleConfiguration() }, async (sluice) => {
    await othersAnswer(sluice, 'none');
    const pids = async (): Promise<Map<string, number[]>> =>
      new Map((await sluice.pools()).map((pool) => [pool.name, pool.workers.map((one) => one.pid)]));
    const before = await pids();

    const crashed = await sluice.call('/fragile/crash').catch(() => null);
    expect(crashed?.status ?? 502).toBe(502);
    await until('the fragile example is back', async () => (await sluice.call('/fragile/')).status === 200);
    await othersAnswer(sluice, 'fragile');

    const blocked = sluice.call('/blocking/block?seconds=3');
    await othersAnswer(sluice, 'blocking');
    expect((await blocked).text).toContain('was blocked for 3 s');

    const after = await pids();
    expect(after.get('fragile')).not.toEqual(before.get('fragile'));
    for (const name of ['home', 'blocking', 'node-program']) expect(after.get(name)).toEqual(before.get(name));
  });
}, 120_000);
