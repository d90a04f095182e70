import { describe, expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const ways = [
  { how: 'FIN', leave: (client: RawClient) => client.end() },
  { how: 'RST', leave: (client: RawClient) => client.reset() },
];

describe.each(hostingModels)('$model', ({ settings }) => {
  test.each(ways)('$how while the request runs cancels it in the app', async ({ leave }) => {
    await withSluice(
      {
        applicationPools: [{ name: 'a' }],
        applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings }],
      },
      async (sluice) => {
        const state = async (): Promise<{ inFlight: number; aborted: number }> =>
          JSON.parse((await sluice.call('/state')).text) as { inFlight: number; aborted: number };
        expect((await state()).aborted).toBe(0);
        const client = await RawClient.connect(sluice.port);
        client.send('GET /hold HTTP/1.1\r\nHost: a\r\n\r\n');
        await until('the request runs', async () => (await state()).inFlight === 2);
        leave(client);
        await until('the app sees the abort', async () => (await state()).aborted === 1);
        client.close();
      },
    );
  });
});
