import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { testNeeding } from '../../support/needs.js';
import { app } from '../../support/paths.js';
import { statusNumber } from '../../support/processes.js';
import { type Settings, withSluice } from '../../support/sluice.js';

const two = (settings: Settings) => ({
  applicationPools: [{ name: 'a' }, { name: 'b' }],
  applications: [
    { path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings },
    { path: '/b', applicationPool: 'b', physicalPath: app('plain'), ...settings },
  ],
});

describe.each(hostingModels)('$model', ({ settings }) => {
  testNeeding('other users')('every pool and the listeners have ids of their own, without privileges', async () => {
    await withSluice(two(settings), async (sluice) => {
      await sluice.call('/');
      await sluice.call('/b/');
      const [a] = await sluice.workerPids('a');
      const [b] = await sluice.workerPids('b');
      const uid = (pid: number | undefined): number => statusNumber(pid ?? -1, 'Uid') ?? 0;
      expect(uid(a)).toBeGreaterThanOrEqual(50_000);
      expect(uid(b)).toBeGreaterThanOrEqual(50_000);
      expect(uid(a)).not.toBe(uid(b));
      for (const pid of [a, b]) {
        expect(statusNumber(pid ?? -1, 'NoNewPrivs')).toBe(1);
        expect(statusNumber(pid ?? -1, 'CapEff')).toBe(0);
        expect(statusNumber(pid ?? -1, 'CapBnd')).toBe(0);
        const limits = readFileSync(`/proc/${pid ?? 0}/limits`, 'latin1');
        expect(limits).toMatch(/^Max core file size +0 +0 /m);
        expect(limits).toMatch(/^Max processes +512 +512 /m);
      }
      const unprivileged = sluice.tree().filter((one) => statusNumber(one.pid, 'Uid') !== 0);
      const listeners = unprivileged.filter((one) => ![uid(a), uid(b)].includes(statusNumber(one.pid, 'Uid') ?? 0));
      expect(listeners).toHaveLength(2);
    });
  });

  test('a worker inherits nothing that was not meant for it', async () => {
    process.env['SECRET_OF_THE_CALLER'] = 'must not travel';
    try {
      await withSluice(two(settings), async (sluice) => {
        const environment = JSON.parse((await sluice.call('/environment')).text) as Record<string, string>;
        expect(environment).not.toHaveProperty('SECRET_OF_THE_CALLER');
        expect(environment).not.toHaveProperty('NODE_OPTIONS');
        expect(environment['PORT']).toMatch(/^\d+$/);
        expect(environment['ASPNETCORE_APPL_PATH']).toBe('/');
        expect((await sluice.call('/b/environment')).text).toContain('"ASPNETCORE_APPL_PATH":"/b"');
        const [pid] = await sluice.workerPids('a');
        const folder = `/proc/${pid ?? 0}/fd`;
        const sockets = readdirSync(folder).filter((fd) => readlinkSync(`${folder}/${fd}`).startsWith('socket:'));
        // Output is two socket pairs of Node. In-process beside them: the control pipe, that of the
        // watchdog, the link's listening socket and one link per listener; out-of-process: its own listening socket and connections to it.
        expect(sockets.length).toBeLessThanOrEqual(7);
      });
    } finally {
      delete process.env['SECRET_OF_THE_CALLER'];
    }
  });

  test('a crash and a block in one pool are not seen in the other', async () => {
    await withSluice(two(settings), async (sluice) => {
      const before = (await sluice.call('/b/pid')).text;
      await sluice.call('/crash', { method: 'POST' }).catch(() => undefined);
      expect((await sluice.call('/')).status).toBe(200);
      expect((await sluice.call('/b/pid')).text).toBe(before);
    });
  });
});
