import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Finding } from '../../../server/doctor/finding.js';
import { controlGroups, missingCapabilities, nodeVersion } from '../../../server/doctor/machine.js';
import { app, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

test('a taken port, open folders, few descriptors and a missing application are found, each with a remedy', async () => {
  const folder = tempFolder();
  const server = createServer();
  try {
    await new Promise<void>((done) => server.listen(0, done));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const file = join(folder, 'sluice.json');
    const own = { runDir: join(folder, 'run'), stateDir: join(folder, 'state'), logDir: join(folder, 'log') };
    const applications = [
      { path: '/', physicalPath: app('plain') },
      { path: '/none', physicalPath: './none' },
    ];
    const sites = [{ name: 'main', bindings: [{ bindingInformation: `*:${port}:` }], applications }];
    writeFileSync(file, JSON.stringify({ ...own, applicationPools: [{ name: 'DefaultAppPool' }], sites }));
    chmodSync(file, 0o666);
    mkdirSync(own.stateDir);
    chmodSync(own.stateDir, 0o777);
    const args = ['--nofile=512:512', process.execPath, sluiceMain, 'doctor', file, '--json'];
    const { code, output } = await run('prlimit', args);
    expect(code).toBe(1);
    const { findings } = JSON.parse(output) as { findings: readonly Finding[] };
    const problems = findings.filter(({ state }) => state === 'problem');
    const texts = problems.map(({ check, text }) => `${check}: ${text}`).join('\n');
    expect(texts).toMatch(/^open files: at most 512 /m);
    expect(texts).toMatch(/^file .*sluice\.json: everybody may write/m);
    expect(texts).toMatch(/^stateDir .*: everybody may write there/m);
    expect(texts).toMatch(new RegExp(`^port \\*:${port}: taken by process ${process.pid} `, 'm'));
    expect(texts).toMatch(/^application main\/none: answers 500/m);
    for (const { remedy } of problems) expect(remedy).not.toBe('');
    expect(findings.find(({ check }) => check === 'node')).toMatchObject({
      text: expect.stringContaining(process.versions.node),
    });

    writeFileSync(file, '{ "sites": [ nonsense');
    const broken = await run(process.execPath, [sluiceMain, 'doctor', file]);
    expect(broken).toMatchObject({
      code: 1,
      output: expect.stringMatching(/PROBLEM +configuration: .*\n +-> sluice check/),
    });
  } finally {
    server.close();
    removeFolder(folder);
  }
});

test('an old Node, missing capabilities and read-only control groups are found', () => {
  expect(nodeVersion('18.20.0').state).toBe('problem');
  expect(nodeVersion('24.1.0').state).toBe('ok');
  expect(missingCapabilities('CapEff:\t00000000000000e1\n')).toEqual([]);
  expect(missingCapabilities('CapEff:\t0000000000000021\n')).toEqual(['SETGID', 'SETUID']);
  expect(controlGroups('').state).toBe('warning');
  const mount = '30 24 0:26 / /proc/nowhere ro,nosuid shared:9 - cgroup2 cgroup2 rw';
  expect(controlGroups(mount)).toMatchObject({ state: 'warning', text: expect.stringContaining('read-only') });
});
