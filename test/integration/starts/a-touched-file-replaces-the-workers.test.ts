import { expect, test } from '@jest/globals';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostingModels } from '../../support/hosting.js';
import { describeLoad, failed, startLoad } from '../../support/load.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder, recordsOnceThere } from './app-folder.js';

/** Reads its edition when it starts, as every app reads its code; answers after 40 ms. */
const app = `
const edition = require('node:fs').readFileSync(__dirname + '/edition.txt', 'utf8');
if (edition === 'broken') throw new Error('this edition is broken');
require('node:http')
  .createServer((request, response) => setTimeout(() => response.end(edition), 40))
  .listen(Number(process.env.PORT));
`;

const workers = 3;

/** Most workers that were not old at one moment beside the old ones that still served. */
async function watchRoll(sluice: Sluice, old: ReadonlySet<number>): Promise<number> {
  let most = 0;
  await until('every worker is new', async () => {
    const all = (await sluice.pool('a')).workers;
    most = Math.max(most, all.filter(({ state }) => state === 'starting').length);
    const running = all.filter(({ state }) => state === 'running');
    return running.length === workers && running.every(({ pid }) => !old.has(pid));
  });
  return most;
}

test.each(hostingModels)('$model: a web garden rolls under load when a file is touched', async ({ settings }) => {
  const root = tempFolder('app');
  try {
    const folder = appFolder(root, 'a', app);
    const edition = join(folder, 'edition.txt');
    writeFileSync(edition, '1');
    const options = {
      applicationPools: [
        { name: 'a', processModel: { maxProcesses: workers }, recycling: { fileChange: ['edition.txt'] } },
      ],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: folder, ...settings }],
    };
    await withSluice(options, async (sluice) => {
      expect((await sluice.call('/')).text).toBe('1');
      await until('the garden is there', async () => (await sluice.workerPids('a')).length === workers);
      const load = startLoad({
        target: sluice.port,
        ratePerSecond: 100,
        path: () => '/',
        keepAliveConnections: 20,
        isRight: (_serial, text) => /^[12]$/.test(text),
      });
      // The folder of the restart file is not there yet.
      const before = new Set(await sluice.workerPids('a'));
      mkdirSync(join(folder, 'tmp'));
      writeFileSync(join(folder, 'tmp', 'restart.txt'), '');
      expect(await watchRoll(sluice, before)).toBeLessThanOrEqual(1);

      // A new version that does not start: two of the three are never asked.
      const good = new Set(await sluice.workerPids('a'));
      writeFileSync(edition, 'broken');
      await recordsOnceThere(sluice, 'recycle-failed', 'main/', 1);
      expect(new Set(await sluice.workerPids('a'))).toEqual(good);
      expect((await sluice.pool('a')).applications).toMatchObject([
        { state: 'ready', problem: expect.stringContaining('exit code 1') as unknown },
      ]);

      writeFileSync(edition, '2');
      await watchRoll(sluice, good);
      expect((await sluice.call('/')).text).toBe('2');
      const touched = new Set(await sluice.workerPids('a'));
      utimesSync(join(folder, 'tmp', 'restart.txt'), 1_000, 1_000);
      await watchRoll(sluice, touched);
      await load.stop();
      expect(failed(load.report) === 0 ? '' : describeLoad(load.report)).toBe('');
    });
  } finally {
    removeFolder(root);
  }
});
