import { expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostingModels } from '../../support/hosting.js';
import { startLoad, describeLoad, failed } from '../../support/load.js';
import { withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder, records } from '../starts/app-folder.js';

/** Warms itself for 300 ms with its first request, whoever asks, and tells who that was. */
const app = `
let first = '';
require('node:http')
  .createServer((request, response) => {
    if (first !== '') return response.end(process.pid + ' ' + first);
    first = request.method + ' ' + request.url + ' ' + request.headers['user-agent'] + ' ' + request.headers.host;
    setTimeout(() => response.writeHead(418).end('warming'), 300);
  })
  .listen(Number(process.env.PORT));
`;

/** Its first request gets nothing: no answer, or the end of the process where the folder says so. */
const coldApp = `
let first = true;
require('node:http')
  .createServer((request, response) => {
    if (!first) return response.end('served');
    first = false;
    if (process.env.DIES === '1') process.exit(4);
  })
  .listen(Number(process.env.PORT));
`;

test('a worker that does not answer it serves when startupTimeLimit is over; one that dies of it has not started', async () => {
  const root = tempFolder('app');
  const physicalPath = appFolder(root, 'a', coldApp);
  const pools = ['silent', 'dies'].flatMap((what) => hostingModels.map((choice) => ({ what, choice })));
  const named = pools.map(({ what, choice }) => ({ name: `${what}-${choice.model}`, what, choice }));
  const limits = { startupTimeLimit: 3, startupRetryCount: 0 };
  const options = {
    applicationPools: named.map(({ name, what }) => ({
      name,
      environmentVariables: [{ name: 'DIES', value: what === 'dies' ? '1' : '0' }],
    })),
    applications: named.map(({ name, choice }) => ({
      path: `/${name}`,
      applicationPool: name,
      physicalPath,
      preloadEnabled: true,
      hosting: { ...(choice.settings['hosting'] as object | undefined), ...limits },
    })),
  };
  try {
    await withSluice(options, async (sluice) => {
      const answers = await Promise.all(named.map(({ name }) => sluice.call(`/${name}`)));
      const seen = named.map(({ what }, index) => `${what} ${answers[index]?.status}`);
      expect(seen).toEqual(['silent 200', 'silent 200', 'dies 500', 'dies 502']);
      for (const { name, what } of named) {
        const expected = what === 'silent' ? [{ status: 0, level: 'warn' }] : [];
        expect(records(sluice, 'worker-warmed-up', `main/${name}`)).toMatchObject(expected);
      }
    });
  } finally {
    removeFolder(root);
  }
});

test.each(hostingModels)(
  '$model: the first request of every worker is our own, and no client waits for it twice',
  async ({ settings }) => {
    const root = tempFolder('app');
    const folder = appFolder(root, 'a', app);
    const application = { path: '/shop', applicationPool: 'a', physicalPath: folder, ...settings };
    const options = {
      applicationPools: [{ name: 'a', startMode: 'AlwaysRunning' }],
      applications: [{ ...application, preloadEnabled: true, preloadPath: '/warm?up=1' }],
    };
    const seen = /^\d+ GET \/shop\/warm\?up=1 Sluice-WarmUp localhost$/;
    try {
      await withSluice(options, async (sluice) => {
        expect((await sluice.call('/shop')).text).toMatch(seen);
        expect(records(sluice, 'worker-warmed-up', 'main/shop')).toMatchObject([{ status: 418 }]);
        const [old = 0] = await sluice.workerPids('a');
        const load = startLoad({
          target: sluice.port,
          ratePerSecond: 50,
          path: () => '/shop',
          isRight: (_n, text) => seen.test(text),
        });
        mkdirSync(join(folder, 'tmp'));
        writeFileSync(join(folder, 'tmp', 'restart.txt'), '');
        await until('the worker is replaced', async () => !(await sluice.workerPids('a')).includes(old));
        await load.stop();
        // A client that had been the first would have read 418.
        expect(failed(load.report) === 0 ? '' : describeLoad(load.report)).toBe('');
        expect(records(sluice, 'worker-warmed-up', 'main/shop')).toHaveLength(2);
      });
    } finally {
      removeFolder(root);
    }
  },
);
