import { describe, expect, test } from '@jest/globals';
import { call } from '../../support/http-client.js';
import { findProgram } from '../../support/find-program.js';
import { testNeeding } from '../../support/needs.js';
import { app } from '../../support/paths.js';
import { startProgram } from '../../support/program.js';
import { withSluice, withToken } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const options = {
  applicationPools: [{ name: 'a' }, { name: 'b' }],
  applications: [
    { path: '/', applicationPool: 'a', physicalPath: app('plain') },
    { path: '/b', applicationPool: 'b', physicalPath: app('plain') },
  ],
};

/** The value of one series, 0 when it is not there yet. */
function series(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

describe('admin', () => {
  test('health and pools answer on the socket and on the configured address, nothing else does', async () => {
    await withSluice(options, async (sluice) => {
      for (const target of [sluice.adminSocket, sluice.adminPort]) {
        for (const path of ['/livez', '/readyz', '/startupz']) {
          expect([path, (await call(target, path)).status]).toEqual([path, 200]);
        }
        const pools = await call(target, '/api/v1/pools', { headers: withToken });
        expect([pools.status, pools.headers['content-type']]).toEqual([
          200,
          expect.stringMatching(/^application\/json/),
        ]);
        expect((await call(target, '/api/v1/nothing')).status).toBe(404);
      }
      expect((await sluice.pools()).map((pool) => pool.name).sort()).toEqual(['a', 'b']);
      // A page in a browser that resolves its own name to 127.0.0.1 must not read the admin API.
      const how = { host: 'attacker.test', headers: withToken };
      expect((await call(sluice.adminPort, '/api/v1/pools', how)).status).toBe(421);
      // The public port has no admin on it.
      expect((await sluice.call('/api/v1/pools')).text).toContain('no such route in the app');
    });
  });

  test('counters count every request once and never go down when a worker dies', async () => {
    await withSluice({ ...options, server: { metrics: { statusCodes: 'exact' } } }, async (sluice) => {
      for (let index = 0; index < 20; index += 1) await sluice.call('/');
      await sluice.call('/missing');
      const count = async (pool: string): Promise<number> =>
        series(await sluice.metrics(), 'sluice_http_requests_total', { pool });
      await until('the requests are counted', async () => (await count('a')) === 21);
      const byStatus = 'sluice_http_requests_by_status_total';
      const exact = ['200', '404'].map(async (status) =>
        series(await sluice.metrics(), byStatus, { pool: 'a', status }),
      );
      expect(await Promise.all(exact)).toEqual([20, 1]);
      const [pid] = await sluice.workerPids('a');
      process.kill(pid ?? -1, 'SIGKILL');
      await until('the worker is gone', async () => !(await sluice.workerPids('a')).includes(pid ?? -1));
      await sluice.call('/');
      await until('and the next one too', async () => (await count('a')) === 22);
      expect(await count('b')).toBe(0);
    });
  });

  testNeeding('promtool')('promtool finds nothing to complain about', async () => {
    await withSluice(options, async (sluice) => {
      await sluice.call('/');
      await sluice.call('/b/');
      await until('the pool has series', async () => (await sluice.metrics()).includes('pool="b"'));
      const text = await sluice.metrics();
      const promtool = startProgram('/bin/sh', [
        '-c',
        `exec ${findProgram('promtool')} check metrics <<'TEXT'\n${text}\nTEXT`,
      ]);
      expect([await promtool.exited, promtool.output()]).toEqual([{ code: 0, signal: null }, '']);
    });
  });
});
