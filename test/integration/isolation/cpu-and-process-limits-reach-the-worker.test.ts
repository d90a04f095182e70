import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupFile, hostileApplication, tell } from '../../support/hostile-tenant.js';
import { hostingModels } from '../../support/hosting.js';
import { recordsOf } from '../../support/log-records.js';
import { reasonToSkip, testNeeding } from '../../support/needs.js';
import { isAlive } from '../../support/processes.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const grouped = testNeeding('control groups', 'other users');
const skipped = reasonToSkip(['control groups', 'other users']) !== null;

const limited = {
  cpu: { smpAffinitized: true, smpProcessorAffinityMask: 1 },
  resources: { openFiles: 300, processes: 400, fileSize: '1MB' },
};
/** One letter each, as the application wants; the first of two is in-process. */
const settings = [
  { names: ['a', 'b'], pool: limited },
  { names: ['u', 'v'], pool: { cpu: { limit: 50_000, action: 'ThrottleUnderLoad' } } },
  { names: ['m', 'n'], pool: { cpu: { limit: 100, action: 'NoAction', resetInterval: '00:01:00' } } },
];

describe('limits of a pool, hosted either way', () => {
  let sluice: Sluice;
  beforeAll(async () => {
    if (skipped) return;
    sluice = await startSluice({
      listeners: 1,
      applicationPools: settings.flatMap(({ names, pool }) => names.map((name) => ({ name, ...pool }))),
      applications: settings.flatMap(({ names }) =>
        names.map((name, index) => hostileApplication(name, hostingModels[index]?.settings)),
      ),
    });
  }, 90_000);
  afterAll(async () => {
    if (!skipped) await sluice.stop();
  }, 90_000);

  const workerOf = async (pool: string): Promise<number> => {
    await tell(sluice, pool, 'hello');
    return (await sluice.workerPids(pool))[0] ?? 0;
  };

  grouped('smpProcessorAffinityMask, openFiles, processes and fileSize hold for the process', async () => {
    for (const pool of ['a', 'b']) {
      const pid = await workerOf(pool);
      expect(/^Cpus_allowed_list:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]).toBe('0');
      const limits = readFileSync(`/proc/${pid}/limits`, 'latin1');
      const limit = (name: string): string => new RegExp(`^${name}\\s+(\\d+)\\s+(\\d+)`, 'm').exec(limits)?.[1] ?? '';
      expect([limit('Max open files'), limit('Max processes')]).toEqual(['300', '400']);
      expect(Number(limit('Max file size'))).toBeGreaterThanOrEqual(1_000_000);
      const home = (await tell(sluice, pool, 'run', 'echo -n "$HOME"')).done;
      const file = join(String(home), 'large');
      await tell(sluice, pool, 'run', `head -c 5000000 /dev/zero > ${file} || true`);
      expect(readFileSync(file).length).toBe(Number(limit('Max file size')));
    }
  });

  grouped('ThrottleUnderLoad lowers the weight of the pool and sets no quota', async () => {
    for (const pool of ['u', 'v']) {
      const pid = await workerOf(pool);
      expect(groupFile(pid, 'cpu', ['cpu.shares', 'cpu.weight'])).toMatch(/^(512|50)$/);
      expect(groupFile(pid, 'cpu', ['cpu.cfs_quota_us', 'cpu.max'])).toMatch(/^(-1|max 100000)$/);
    }
  });

  grouped('NoAction says once that the limit is reached, and leaves the worker alone', async () => {
    for (const pool of ['m', 'n']) {
      const pid = await workerOf(pool);
      await tell(sluice, pool, 'spin');
      const records = await until(
        'it is told',
        () => {
          const found = recordsOf(sluice, 'cpu-limit-reached', pool);
          return found.length > 0 && found;
        },
        { withinMs: 60_000 },
      );
      expect(records).toMatchObject([{ action: 'NoAction', limit: 100 }]);
      expect(isAlive(pid)).toBe(true);
    }
  });
});
