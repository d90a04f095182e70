import { writeFileSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { call } from '../../support/http-client.js';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { isAlive } from '../../support/processes.js';
import { type Settings, startSluice, withSluice } from '../../support/sluice.js';
import { removeFolder } from '../../support/temp-folder.js';
import { until, within } from '../../support/time.js';

const options = (settings: Settings) => ({
  applicationPools: [{ name: 'a' }],
  applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings }],
});

describe.each(hostingModels)('$model', ({ settings }) => {
  test('SIGTERM lets requests finish, then everything ends with code 0', async () => {
    const sluice = await startSluice(options(settings));
    await sluice.call('/');
    const inFlight = sluice.call('/slow?ms=1500');
    await until(
      'it runs',
      async () => (JSON.parse((await sluice.call('/state')).text) as { inFlight: number }).inFlight === 2,
    );
    const exit = sluice.stop();
    expect(await inFlight).toMatchObject({ status: 200 });
    expect(await exit).toEqual({ code: 0, signal: null });
  });

  test('a second signal stops at once', async () => {
    const sluice = await startSluice(options(settings));
    await sluice.call('/');
    const tree = sluice.tree();
    const inFlight = sluice.call('/hold').catch(() => 'cut');
    await until(
      'it runs',
      async () => (JSON.parse((await sluice.call('/state')).text) as { inFlight: number }).inFlight === 2,
    );
    sluice.program.child.kill('SIGINT');
    await until('no longer ready', async () => {
      const answer = await call(sluice.adminSocket, '/readyz', { limitMs: 2_000 }).catch(() => null);
      return answer === null || answer.status === 503;
    });
    sluice.program.child.kill('SIGINT');
    await within(15_000, 'the end', sluice.program.exited);
    expect(await inFlight).toBe('cut');
    await until('no process is left', () => tree.every((one) => !isAlive(one.pid)));
    removeFolder(sluice.folder);
  });

  test('killing the primary leaves no orphan, and the next start works', async () => {
    const sluice = await startSluice(options(settings));
    await sluice.call('/');
    const tree = sluice.tree();
    expect(tree.length).toBeGreaterThan(3);
    sluice.program.child.kill('SIGKILL');
    await until('every process of it ends', () => tree.every((one) => !isAlive(one.pid)), {
      state: () => JSON.stringify(tree.filter((one) => isAlive(one.pid))),
    });
    removeFolder(sluice.folder);
  });
});

describe('SIGHUP', () => {
  test('a good file is applied without losing a connection, a bad one changes nothing', async () => {
    await withSluice({ ...options({}), server: { watch: false } }, async (sluice) => {
      expect((await sluice.call('/added/pid')).text).toContain('no such route');
      const document = JSON.parse(readFileSync(sluice.file, 'utf8')) as {
        applicationPools: unknown[];
        sites: { applications: unknown[] }[];
      };
      document.applicationPools.push({ name: 'added' });
      document.sites[0]?.applications.push({ path: '/added', applicationPool: 'added', physicalPath: app('plain') });
      const [before] = await sluice.workerPids('a');
      writeFileSync(sluice.file, JSON.stringify(document));
      sluice.program.child.kill('SIGHUP');
      await until('the new application answers', async () => (await sluice.call('/added/')).text === 'plain\n');
      expect(await sluice.workerPids('a')).toEqual([before]);

      writeFileSync(sluice.file, '{ broken');
      sluice.program.child.kill('SIGHUP');
      await until('the problem is told', async () =>
        (await sluice.metrics()).split('\n').some((line) => line.startsWith('sluice_config_last_reload_successful 0')),
      );
      expect((await sluice.call('/added/')).text).toBe('plain\n');
    });
  });
});
