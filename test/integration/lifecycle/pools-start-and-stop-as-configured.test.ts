import { describe, expect, test } from '@jest/globals';
import { call } from '../../support/http-client.js';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { isAlive } from '../../support/processes.js';
import { withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';
import { recordsOf } from '../../support/log-records.js';

describe.each(hostingModels)('$model', ({ settings }) => {
  test('autoStart false answers 503 until the pool is started; shutdownTimeLimit ends a worker that is busy', async () => {
    const applicationPools = [
      { name: 'manual', autoStart: false, startMode: 'AlwaysRunning' },
      { name: 'busy', processModel: { shutdownTimeLimit: '00:00:02' } },
    ];
    const applications = applicationPools.map(({ name }) => ({
      path: `/${name}`,
      applicationPool: name,
      physicalPath: app('plain'),
      ...settings,
    }));
    await withSluice({ applicationPools, applications }, async (sluice) => {
      const refused = await sluice.call('/manual/pid');
      expect(refused.status).toBe(503);
      expect(await sluice.pool('manual')).toMatchObject({ state: 'Stopped', stoppedReason: 'Disabled', workers: [] });
      const started = await call(sluice.adminSocket, '/api/v1/pools/manual/start', { method: 'POST' });
      expect(started.status).toBe(202);
      await until('it answers', async () => (await sluice.call('/manual/pid')).status === 200);
      const pid = Number((await sluice.call('/busy/pid')).text);
      const held = sluice.call('/busy/hold', { method: 'POST', limitMs: 40_000 }).catch(() => undefined);
      await until('the request is there', async () => {
        const state: unknown = JSON.parse((await sluice.call('/busy/state')).text);
        return typeof state === 'object' && state !== null && 'inFlight' in state && state.inFlight === 2;
      });
      const recycled = await call(sluice.adminSocket, '/api/v1/pools/busy/recycle', { method: 'POST' });
      expect(recycled.status).toBe(202);
      await until('the old worker is gone', () => !isAlive(pid));
      await held;
      const [record] = await until('its end is in the log', () => {
        const found = recordsOf(sluice, 'worker-ended', 'busy');
        return found.length > 0 && found;
      });
      expect(record).toMatchObject({ pid });
      expect((await sluice.call('/busy/pid')).status).toBe(200);
    });
  });
});
