import { describe, expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { isAlive, processStat } from '../../support/processes.js';
import { type Settings, withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';
import { recordsOf } from '../../support/log-records.js';

describe.each(hostingModels)('$model', ({ settings }) => {
  const application = (pool: string): Settings => ({
    path: `/${pool}`,
    applicationPool: pool,
    physicalPath: app('plain'),
    ...settings,
  });
  const idle = (action: string): Settings => ({ idleTimeout: '00:00:02', idleTimeoutAction: action });

  test('idleTimeoutAction Terminate ends the worker, Suspend stops it until the next request', async () => {
    const applicationPools = [
      { name: 'ends', processModel: { ...idle('Terminate'), logEventOnProcessModel: '' } },
      { name: 'rests', processModel: { ...idle('Suspend'), maxProcesses: 2 } },
    ];
    const applications = [application('ends'), application('rests')];
    await withSluice({ applicationPools, applications }, async (sluice) => {
      const first = Number((await sluice.call('/ends/pid')).text);
      await sluice.call('/rests/pid');
      const resting = await until('both workers rest', async () => {
        const { workers } = await sluice.pool('rests');
        return workers.length === 2 && workers.every((one) => one.state === 'suspended') && workers;
      });
      for (const { pid } of resting) {
        await until('its process is stopped', () => processStat(pid)?.state === 'T');
      }
      await until('the other one has ended', () => !isAlive(first));
      await until('its end is known', async () => (await sluice.pool('ends')).workers.length === 0);
      expect(await sluice.pool('ends')).toMatchObject({ restarts: 0, obituaries: [{ pid: first, reason: 'idle' }] });
      const answers = await Promise.all(Array.from({ length: 20 }, () => sluice.call('/rests/pid')));
      const pids = resting.map(({ pid }) => String(pid));
      for (const answer of answers) {
        expect(answer.status).toBe(200);
        expect(pids).toContain(answer.text);
      }
      expect((await sluice.pool('rests')).obituaries).toEqual([]);
      const [suspension] = await until('they rest again', () => {
        const found = recordsOf(sluice, 'worker-suspended', 'rests');
        return found.length >= 4 && found;
      });
      expect(suspension).toMatchObject({ eventId: 5186 });
      expect(recordsOf(sluice, 'worker-idle', 'ends')).toEqual([]);
      // Stopping the server is part of the test: a suspended worker takes its leave like any other.
    });
  });

  test('a suspended worker that is killed is replaced by the next request', async () => {
    const applicationPools = [{ name: 'rests', processModel: idle('Suspend') }];
    await withSluice({ applicationPools, applications: [application('rests')] }, async (sluice) => {
      const pid = Number((await sluice.call('/rests/pid')).text);
      await until('it rests', () => processStat(pid)?.state === 'T');
      process.kill(pid, 'SIGKILL');
      await until('the death is known', async () => (await sluice.pool('rests')).workers.length === 0);
      const answer = await sluice.call('/rests/pid');
      expect(answer.status).toBe(200);
      expect(Number(answer.text)).not.toBe(pid);
    });
  });
});
