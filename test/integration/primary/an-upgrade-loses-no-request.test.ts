import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { obstacleTo } from '../../../server/primary/upgrade/upgrader.js';
import { upgradesExperiment } from '../../acceptance/experiments/primary/upgrades.js';
import { python3 } from '../../support/find-program.js';
import { call, callJson } from '../../support/http-client.js';
import { testNeeding } from '../../support/needs.js';
import { app } from '../../support/paths.js';
import { startProgram } from '../../support/program.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { UpgradedServer } from '../../support/upgraded-server.js';

test('under load the new primary takes over; tunnels stay with the old one', async () => {
  const { broken } = await upgradesExperiment.run(0);
  expect(broken).toEqual([]);
}, 240_000);

test('a version that does not start leaves everything with the old one; one that does goes on with what was ordered', async () => {
  const server = await UpgradedServer.start({
    applicationPools: [
      { name: 'in' },
      { name: 'out', startMode: 'AlwaysRunning' },
      { name: 'away' },
      { name: 'by-hand', autoStart: false },
    ],
  });
  const { sluice } = server;
  const order = async (path: string): Promise<void> => {
    const { status, text } = await call(sluice.adminSocket, `/api/v1/${path}?wait=1`, { method: 'POST' });
    expect({ path, status, text }).toMatchObject({ path, status: 200 });
  };
  try {
    const good = readFileSync(sluice.file, 'utf8');
    writeFileSync(sluice.file, '{ "sites": 7 }');
    const { code, output } = await server.upgrade();
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(/^not upgraded, \S+ serves on: it ended with \S+\n$/),
    });
    writeFileSync(sluice.file, good);
    expect([server.lockOwner(), await server.primary()]).toEqual([sluice.pid, sluice.pid]);
    expect((await sluice.call('/?n=1')).text).toBe('echo 1 ');
    expect((await sluice.call('/out/?n=2')).text).toBe('echo 2 ');

    await order('applications/main%2Fout/offline');
    await order('pools/away/stop');
    await order('pools/by-hand/start');
    await order('nodes/self/drain');
    expect(await server.upgrade()).toMatchObject({ code: 0 });
    expect(await server.primary()).not.toBe(sluice.pid);
    expect([(await sluice.call('/?n=3')).text, (await sluice.call('/out/')).status]).toEqual(['echo 3 ', 503]);
    const states = (await sluice.pools()).map(({ name, state, workers }) => `${name} ${state} ${workers.length}`);
    expect(states).toEqual(['in Started 1', 'out Started 0', 'away Stopped 0', 'by-hand Started 0']);
    expect(await callJson(sluice.adminSocket, '/api/v1/nodes/self')).toMatchObject({ state: 'drained' });
    await order('applications/main%2Fout/online');
    await until('its workers are there', async () => (await sluice.workerPids('out')).length === 1);
  } finally {
    await server.end();
  }
}, 120_000);

/** Becomes the command it gets, which is sent SIGUSR2 as soon as that no longer ends it. */
const upgradeAtOnce =
  '(until [ $((0x$(sed -n "s/^SigCgt:.//p" /proc/$$/status) >> 11 & 1)) = 1 ]; do sleep 0.01; done; kill -USR2 $$) & exec "$@"';

testNeeding('python3', 'systemd-notify')(
  'SIGUSR2 while it starts is held until it serves; the service manager hears who the server is then',
  async () => {
    const folder = tempFolder();
    const socket = join(folder, 'notify');
    const manager = startProgram(python3, [join(app('service-manager'), 'manager.py'), 'listen', socket], {
      cwd: folder,
    });
    try {
      await until('the service manager listens', () => manager.output().includes('listening'));
      const server = await UpgradedServer.start({
        through: ['/bin/sh', '-c', upgradeAtOnce, 'sh'],
        process: { env: { NOTIFY_SOCKET: socket } },
        waitUntilReady: false,
      });
      try {
        const isNew = async (): Promise<boolean> =>
          (await server.primary().catch(() => server.sluice.pid)) !== server.sluice.pid;
        await until('the new primary answers', isNew, { withinMs: 60_000, state: () => server.sluice.output() });
        const told = `"MAINPID=${await server.primary()}"`;
        await until('the service manager is told', () => manager.output().includes(told), {
          state: () => manager.output(),
        });
        expect(manager.output().indexOf('READY=1')).toBeLessThan(manager.output().indexOf('MAINPID='));
      } finally {
        await server.end();
      }
    } finally {
      await manager.stop('SIGKILL', 10_000);
      removeFolder(folder);
    }
  },
  120_000,
);

test('what ends with its first process cannot be upgraded in place', () => {
  expect(obstacleTo(1, 'tini')).toContain('container');
  expect([obstacleTo(1, 'systemd'), obstacleTo(1, 'init'), obstacleTo(4_711, 'tini')]).toEqual(['', '', '']);
});
