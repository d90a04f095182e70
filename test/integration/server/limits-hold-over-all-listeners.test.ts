import { expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { withSluice } from '../../support/sluice.js';

test.each(hostingModels)('maxConcurrentRequests 2 with 2 listeners, $model', async ({ settings }) => {
  await withSluice(
    {
      listeners: 2,
      applicationPools: [{ name: 'a', processModel: { maxConcurrentRequests: 2 } }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings }],
    },
    async (sluice) => {
      await sluice.call('/');
      // Without keep-alive: the kernel gives the connections to both listeners.
      const answers = await Promise.all(Array.from({ length: 24 }, () => sluice.call('/slow?ms=40')));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      const { mostInFlight } = JSON.parse((await sluice.call('/state')).text) as { mostInFlight: number };
      expect(mostInFlight).toBeGreaterThan(0);
      expect(mostInFlight).toBeLessThanOrEqual(2);
    },
  );
});
