import { expect, test } from '@jest/globals';
import { call } from '../../support/http-client.js';
import { app } from '../../support/paths.js';
import { withSluice, withToken } from '../../support/sluice.js';
import { until } from '../../support/time.js';

test('health, metrics and pools answer although every worker is stopped and listeners die', async () => {
  const options = {
    applicationPools: [{ name: 'a', processModel: { pingingEnabled: false }, failure: { hangDetection: '00:00:00' } }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
  };
  await withSluice(options, async (sluice) => {
    await sluice.call('/');
    const pids = await sluice.workerPids('a');
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const waiting = Promise.allSettled(Array.from({ length: 20 }, () => sluice.call('/', { limitMs: 60_000 })));
    for (const target of [sluice.adminPort, sluice.adminSocket]) {
      for (const path of ['/livez', '/readyz', '/startupz', '/metrics', '/api/v1/pools']) {
        expect([path, (await call(target, path, { limitMs: 5_000, headers: withToken })).status]).toEqual([path, 200]);
      }
    }
    await until('the requests are seen in flight', async () =>
      /^sluice_http_requests_in_flight\{pool="a"\} 20$/m.test(await sluice.metrics()),
    );
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    const answers = await waiting;
    expect(answers.every((one) => one.status === 'fulfilled' && one.value.status === 200)).toBe(true);
    await until('nothing is in flight', async () =>
      /^sluice_http_requests_in_flight\{pool="a"\} 0$/m.test(await sluice.metrics()),
    );
  });
});
