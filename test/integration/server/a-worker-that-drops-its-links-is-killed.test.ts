import { expect, test } from '@jest/globals';
import { app } from '../../support/paths.js';
import { withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

test('its requests end, it is counted and replaced, and the log says so in a few lines', async () => {
  await withSluice(
    {
      applicationPools: [{ name: 'a' }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: app('drops-links') }],
    },
    async (sluice) => {
      const first = (await sluice.call('/pid')).text;
      const linesBefore = sluice.output().split('\n').length;
      const dropped = await sluice.call('/drop', { method: 'POST', limitMs: 30_000 });
      expect(dropped.status).toBe(502);
      await until('the worker is gone', async () => !(await sluice.workerPids('a')).includes(Number(first)));
      const next = await sluice.call('/pid');
      expect(next.status).toBe(200);
      expect(next.text).not.toBe(first);
      const pool = await sluice.pool('a');
      expect(pool.restarts).toBe(1);
      expect(pool.obituaries).toMatchObject([{ pid: Number(first), reason: 'ping-timeout' }]);
      expect(sluice.output().split('\n').length - linesBefore).toBeLessThan(20);
      expect(sluice.output().match(/worker-unreachable/g)?.length).toBeLessThan(5);
    },
  );
});
