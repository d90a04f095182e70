/** Every attack of the acceptance experiment, once and without a judgement of time, beside neighbours that are asked all the while. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { attacks } from '../acceptance/experiments/hostile-tenants/attacks/all.js';
import { besiege, cleanUp, standing } from '../acceptance/experiments/hostile-tenants/siege.js';
import { innocentPaths, startWorld, type World } from '../acceptance/experiments/hostile-tenants/world.js';
import { describeLoad, failed, type RunningLoad, startLoad } from '../support/load.js';
import { reasonToSkip, testNeeding } from '../support/needs.js';

const needs = ['control groups', 'other users'] as const;
const tenants = testNeeding(...needs);
const skipped = reasonToSkip(needs) !== null;

describe('beside a tenant that attacks', () => {
  let world: World | null = null;
  let neighbours: RunningLoad | null = null;

  beforeAll(async () => {
    if (skipped) return;
    world = await startWorld();
    neighbours = startLoad({
      target: world.sluice.port,
      ratePerSecond: 50,
      keepAliveConnections: 16,
      path: (serial) => `${innocentPaths[serial % 2] ?? ''}/n/${serial}`,
      isRight: (serial, text) => text === String(serial),
    });
  }, 120_000);

  afterAll(async () => {
    await world?.end();
  }, 120_000);

  for (const attack of attacks) {
    tenants(
      `${attack.name}: ${attack.what}`,
      async () => {
        if (world === null) throw new Error('no world');
        const { broken } = await besiege(world, attack, 0);
        expect([...broken, ...(await cleanUp(world, attack)), ...standing(world)]).toEqual([]);
      },
      180_000,
    );
  }

  tenants('no request of the neighbours failed', async () => {
    const report = await neighbours?.stop();
    if (report === undefined) throw new Error('no load');
    expect(failed(report) === 0 ? '' : describeLoad(report)).toBe('');
    expect(report.ok).toBeGreaterThan(100);
  });
});
