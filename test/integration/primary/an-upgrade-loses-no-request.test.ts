import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { obstacleTo } from '../../../server/primary/upgrade/upgrader.js';
import { upgradesExperiment } from '../../acceptance/experiments/primary/upgrades.js';
import { UpgradedServer } from '../../support/upgraded-server.js';

test('under load the new primary takes over; tunnels stay with the old one', async () => {
  const { broken } = await upgradesExperiment.run(0);
  expect(broken).toEqual([]);
}, 240_000);

test('a version that does not start leaves everything with the old one', async () => {
  const server = await UpgradedServer.start();
  const { sluice } = server;
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
  } finally {
    await server.end();
  }
}, 120_000);

test('what ends with its first process cannot be upgraded in place', () => {
  expect(obstacleTo(1, 'tini')).toContain('container');
  expect([obstacleTo(1, 'systemd'), obstacleTo(1, 'init'), obstacleTo(4_711, 'tini')]).toEqual(['', '', '']);
});
