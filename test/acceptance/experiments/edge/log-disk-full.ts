/** The disk of the logs is full: requests are served all the same, and the log goes on when there is room again. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLoad, failed, startLoad } from '../../../support/load.js';
import { residentBytes } from '../../../support/processes.js';
import { run as runProgram } from '../../../support/program.js';
import { withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { quietHost, twoTenants } from './two-tenants.js';

async function run(seconds: number): Promise<Outcome> {
  const folder = tempFolder('full');
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const mounted = await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=0755', 'tmpfs', logs]);
  let outcome: Outcome | null = null;
  try {
    if (mounted.code !== 0) return { measured: 'no tmpfs can be mounted here', broken: [], missed: ['not measured'] };
    await withSluice(twoTenants({ logDir: logs }), async (sluice) => {
      await sluice.call('/', { host: quietHost });
      const ballast = join(logs, 'ballast');
      writeFileSync(ballast, Buffer.alloc(100_000));
      const rss = (): number => listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0);
      const before = rss();
      const load = startLoad({
        target: sluice.port,
        host: quietHost,
        ratePerSecond: 200,
        path: (n) => `/n/${n}`,
        keepAliveConnections: 8,
      });
      await pause(seconds * 1_000);
      rmSync(ballast);
      writeFileSync(join(logs, 'access', 'access.log'), '');
      await until('the log goes on', async () => {
        await sluice.call('/again', { host: quietHost });
        return readFileSync(join(logs, 'access', 'access.log'), 'latin1').includes('/again');
      });
      const report = await load.stop();
      const grown = Math.round((rss() - before) / 2 ** 20);
      outcome = {
        measured: `${report.sent} requests, ${failed(report)} lost, listeners ${grown} MB larger; the log resumed`,
        broken: violations({ [describeLoad(report)]: failed(report) === 0 }),
        missed: violations({ [`listeners grew by ${grown} MB`]: grown < 20 }),
      };
    });
  } finally {
    await runProgram('umount', [logs]);
    removeFolder(folder);
  }
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const logDiskFull: Experiment = {
  name: 'log-disk-full',
  promise: 'the disk of the logs is full: 0 requests lost, the log resumes by itself',
  run: (scale) => run(scaled(60, scale, 8)),
};
