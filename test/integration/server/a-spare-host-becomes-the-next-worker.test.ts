import { expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../support/processes.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder } from '../starts/app-folder.js';

/** Tells what an app can see of how it was started. */
const app = `
const cluster = require('node:cluster');
const seen = () => ({
  pid: process.pid,
  edition: process.env.EDITION,
  isMain: require.main === module,
  worker: cluster.worker.id,
  options: process.execArgv,
  names: Object.keys(process.env).filter((name) => /SLUICE|UNIQUE/.test(name)),
});
require('node:http')
  .createServer((request, response) => response.end(JSON.stringify(seen())))
  .listen(Number(process.env.PORT));
`;

interface Seen {
  readonly pid: number;
}

/** Processes that wait in the host: those that run an app's command and are no workers. */
async function spares(sluice: Sluice): Promise<number[]> {
  const workers = (await sluice.pools()).flatMap((pool) => pool.workers.map(({ pid }) => pid));
  const isHost = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('host.cjs\0');
    } catch {
      return false;
    }
  };
  return sluice
    .tree()
    .map(({ pid }) => pid)
    .filter((pid) => isHost(pid) && !workers.includes(pid));
}

async function oneSpare(sluice: Sluice, not: readonly number[]): Promise<number> {
  const [pid = 0] = await until('one spare waits', async () => {
    const { applications } = await sluice.pool('a');
    // One that is still starting is passed over.
    if (applications[0]?.spare !== 'waiting') return undefined;
    const found = await spares(sluice);
    return found.length === 1 && !not.includes(found[0] ?? 0) && found;
  });
  return pid;
}

async function look(sluice: Sluice): Promise<Seen> {
  return JSON.parse((await sluice.call('/')).text) as Seen;
}

test('it serves the first request, the next recycle and the next crash, and knows the configuration', async () => {
  const root = tempFolder('app');
  const folder = appFolder(root, 'a', app);
  const pool = { name: 'a', processModel: { spareHost: true }, environmentVariables: { EDITION: '1' } };
  const options = {
    applicationPools: [pool],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: folder }],
  };
  try {
    await withSluice(options, async (sluice) => {
      const first = await oneSpare(sluice, []);
      expect(await sluice.workerPids('a')).toEqual([]);
      expect(await look(sluice)).toEqual({
        pid: first,
        edition: '1',
        isMain: true,
        worker: 1,
        options: [],
        names: [],
      });

      const second = await oneSpare(sluice, [first]);
      mkdirSync(join(folder, 'tmp'));
      writeFileSync(join(folder, 'tmp', 'restart.txt'), '');
      await until('the worker is replaced', async () => (await look(sluice)).pid !== first);
      const recycled = (await look(sluice)).pid;

      const third = await oneSpare(sluice, [first, second, recycled]);
      process.kill(recycled, 'SIGKILL');
      await until('the crashed worker is replaced', async () => (await look(sluice)).pid === third);

      // A spare that dies is no event of the pool: the next worker is started as ever.
      const fourth = await oneSpare(sluice, [third]);
      process.kill(fourth, 'SIGKILL');
      await until('its end is noticed', async () => (await spares(sluice)).length === 0);
      process.kill(third, 'SIGKILL');
      await until('it serves again', async () => (await look(sluice)).pid !== third);
      expect((await sluice.pool('a')).obituaries.map(({ pid }) => pid)).not.toContain(fourth);

      const fifth = await oneSpare(sluice, [third, fourth]);
      const text = readFileSync(sluice.file, 'utf8').replace('"EDITION": "1"', '"EDITION": "2"');
      writeFileSync(sluice.file, text);
      await until('the new variable is there', async () => (await sluice.call('/')).text.includes('"edition":"2"'));
      await until('the spare of the old one is gone', () => !isAlive(fifth));
      await oneSpare(sluice, [fifth]);
    });
  } finally {
    removeFolder(root);
  }
});
