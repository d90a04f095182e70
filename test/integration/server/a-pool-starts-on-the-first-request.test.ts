import { describe, expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

describe.each(hostingModels)('$model', ({ settings }) => {
  const application = { path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings };

  test('nothing runs before the first request, and waiting requests share one start', async () => {
    await withSluice({ applicationPools: [{ name: 'a' }], applications: [application] }, async (sluice) => {
      expect((await sluice.pool('a')).workers).toEqual([]);
      const answers = await Promise.all(Array.from({ length: 40 }, () => sluice.call('/pid')));
      expect(new Set(answers.map((one) => `${one.status} ${one.text}`)).size).toBe(1);
      expect(await sluice.workerPids('a')).toHaveLength(1);
    });
  });

  test('AlwaysRunning runs without a request', async () => {
    const pool = { name: 'a', startMode: 'AlwaysRunning' };
    await withSluice({ applicationPools: [pool], applications: [application] }, async (sluice) => {
      const pids = await until('a worker runs', async () => {
        const found = await sluice.workerPids('a');
        return found.length > 0 && found;
      });
      expect((await sluice.call('/pid')).text).toBe(String(pids[0]));
    });
  });

  test('several workers share the requests', async () => {
    const pool = { name: 'a', processModel: { maxProcesses: 2 } };
    await withSluice({ applicationPools: [pool], applications: [application] }, async (sluice) => {
      await sluice.call('/');
      await until('both workers run', async () => (await sluice.workerPids('a')).length === 2);
      const seen = new Set<string>();
      await until('both answered', async () => {
        const answers = await Promise.all(Array.from({ length: 8 }, () => sluice.call('/slow?ms=50')));
        for (const one of answers) seen.add(one.text);
        return seen.size === 2;
      });
      expect(await sluice.workerPids('a')).toHaveLength(2);
    });
  });
});
