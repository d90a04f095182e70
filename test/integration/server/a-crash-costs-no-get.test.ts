import { describe, expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

describe.each(hostingModels)('$model', ({ settings }) => {
  const options = {
    applicationPools: [{ name: 'a' }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings }],
  };

  test('a GET in flight at a kill is answered by the next worker, and the obituary is kept', async () => {
    await withSluice(options, async (sluice) => {
      const first = (await sluice.call('/pid')).text;
      const inFlight = sluice.call('/slow?ms=500');
      await until('the request runs', async () => {
        const seen = JSON.parse((await sluice.call('/state')).text) as { inFlight: number };
        return seen.inFlight >= 2;
      });
      process.kill(Number(first), 'SIGKILL');
      const answer = await inFlight;
      expect(answer.status).toBe(200);
      expect(answer.text).not.toBe(`slow ${first}`);
      const { obituaries } = await sluice.pool('a');
      expect(obituaries.at(-1) ?? obituaries[0]).toMatchObject({
        pid: Number(first),
        signal: 'SIGKILL',
        reason: 'signal',
      });
    });
  });

  test('a POST in flight at a kill gets 502 and runs once', async () => {
    await withSluice(options, async (sluice) => {
      const first = (await sluice.call('/pid')).text;
      const inFlight = sluice.call('/slow?ms=20000', { method: 'POST', body: 'x' });
      await until('the request runs', async () => {
        const seen = JSON.parse((await sluice.call('/state')).text) as { inFlight: number };
        return seen.inFlight >= 2;
      });
      process.kill(Number(first), 'SIGKILL');
      expect((await inFlight).status).toBe(502);
      expect((await sluice.call('/pid')).text).not.toBe(first);
    });
  });

  test('an answer cut by a crash is cut for the client too', async () => {
    await withSluice(options, async (sluice) => {
      const client = await RawClient.connect(sluice.port);
      client.send('GET /half HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.receives('only this');
      for (const pid of await sluice.workerPids('a')) process.kill(pid, 'SIGKILL');
      const text = await client.finishes();
      expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*only this$/);
      expect((await sluice.call('/')).status).toBe(200);
    });
  });
});
