import { describe, expect, test } from '@jest/globals';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { freePort } from '../../support/free-port.js';
import { hostingModels } from '../../support/hosting.js';
import { call } from '../../support/http-client.js';
import { describeLoad, failed, startLoad } from '../../support/load.js';
import { isAlive } from '../../support/processes.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder, counter, goodApp, recordsOnceThere } from './app-folder.js';

interface Document {
  applicationPools: Settings[];
  sites: { name: string; bindings: Settings[]; applications: Settings[] }[];
}

/** Answers after 40 ms with the number of its edition, so that every recycle has requests in flight. */
const editionApp = `
if (process.env.EDITION === 'broken') throw new Error('this edition is broken');
require('node:http')
  .createServer((request, response) => setTimeout(() => response.end(process.env.EDITION), 40))
  .listen(Number(process.env.PORT));
`;

function edition(value: string): Settings {
  return { environmentVariables: [{ name: 'EDITION', value }] };
}

function rewrite(sluice: Sluice, text: string): void {
  writeFileSync(`${sluice.file}.new`, text);
  renameSync(`${sluice.file}.new`, sluice.file);
  sluice.program.child.kill('SIGHUP');
}

/** Writes the changed file and asks for it with SIGHUP; the file is not watched in these tests. */
function reload(sluice: Sluice, edit: (document: Document) => void): void {
  const document = JSON.parse(readFileSync(sluice.file, 'utf8')) as Document;
  edit(document);
  rewrite(sluice, JSON.stringify(document, null, 2));
}

function publish(sluice: Sluice, value: string): void {
  reload(sluice, ({ applicationPools }) => Object.assign(applicationPools[0] ?? {}, edition(value)));
}

/** Requests at a constant rate while `body` runs: each must get the answer of some edition. */
async function underLoad(sluice: Sluice, body: () => Promise<void>): Promise<void> {
  const load = startLoad({
    target: sluice.port,
    ratePerSecond: 120,
    path: () => '/',
    keepAliveConnections: 24,
    isRight: (_serial, text) => /^[1-4]$/.test(text),
  });
  try {
    await until('requests are answered', () => load.report.ok > 20);
    await body();
  } finally {
    await load.stop();
  }
  expect(failed(load.report) === 0 ? '' : describeLoad(load.report)).toBe('');
}

async function withEditions(settings: Settings, body: (sluice: Sluice, root: string) => Promise<void>): Promise<void> {
  const root = tempFolder('app');
  const options = {
    server: { watch: false },
    applicationPools: [{ name: 'a', ...edition('1') }, { name: 'neighbour' }],
    applications: [
      { path: '/', applicationPool: 'a', physicalPath: appFolder(root, 'a', editionApp), ...settings },
      { path: '/n', applicationPool: 'neighbour', physicalPath: appFolder(root, 'n', goodApp) },
    ],
  };
  try {
    await withSluice(options, async (sluice) => {
      expect((await sluice.call('/')).text).toBe('1');
      const neighbour = (await sluice.call('/n')).text;
      await body(sluice, root);
      expect((await sluice.call('/n')).text).toBe(neighbour);
    });
  } finally {
    removeFolder(root);
  }
}

describe.each(hostingModels)('$model', ({ settings }) => {
  test('three changes of the pool under load: each replaces the worker, no request fails', async () => {
    await withEditions(settings, async (sluice) => {
      const seen: number[] = [];
      await underLoad(sluice, async () => {
        for (const value of ['2', '3', '4']) {
          const [before = 0] = await sluice.workerPids('a');
          seen.push(before);
          publish(sluice, value);
          await until(`edition ${value} answers`, async () => (await sluice.call('/')).text === value);
          await until('the old worker is gone', () => !isAlive(before));
          // Whoever asks now never sees the old edition again.
          expect((await sluice.call('/')).text).toBe(value);
        }
      });
      expect(new Set([...seen, ...(await sluice.workerPids('a'))]).size).toBe(4);
      const exits = 'sluice_worker_exits_total{pool="a",reason="config-change"}';
      await until('three exits are counted', async () => (await counter(sluice, exits)) === 3);
      expect(await counter(sluice, 'sluice_pool_recycles_total{pool="a",reason="config-change"}')).toBe(3);
    });
  });

  test('an edition that fails to start leaves the old one serving, and the next good one replaces it', async () => {
    await withEditions(settings, async (sluice) => {
      const [old = 0] = await sluice.workerPids('a');
      await underLoad(sluice, async () => {
        publish(sluice, 'broken');
        await recordsOnceThere(sluice, 'recycle-failed', 'main/', 1);
        expect((await recordsOnceThere(sluice, 'start-failed', 'main/', 1))[0]).toMatchObject({
          output: expect.stringContaining('this edition is broken') as unknown,
        });
        expect(await sluice.workerPids('a')).toEqual([old]);
        expect((await sluice.call('/')).text).toBe('1');
        expect((await sluice.pool('a')).applications).toMatchObject([
          { state: 'ready', problem: expect.stringContaining('exit code 1') as unknown },
        ]);
        publish(sluice, '2');
        await until('the good edition answers', async () => (await sluice.call('/')).text === '2');
        await until('the old worker is gone', () => !isAlive(old));
      });
      expect((await sluice.pool('a')).applications).toMatchObject([{ state: 'ready', problem: '' }]);
    });
  });
});

test('a bad file changes nothing, names its problem, and the corrected one is applied', async () => {
  await withEditions({}, async (sluice) => {
    const good = readFileSync(sluice.file, 'utf8');
    const [pid] = await sluice.workerPids('a');
    await underLoad(sluice, async () => {
      const bad: readonly (readonly [text: string, problem: string])[] = [
        [`${good}}`, 'sluice.yaml:'],
        [good.replace('"applicationPool": "a"', '"applicationPool": "b"'), 'applicationPool'],
        [good.replace('"watch"', '"wacth"'), 'wacth'],
      ];
      for (const [index, [text, problem]] of bad.entries()) {
        rewrite(sluice, text);
        const failures = 'sluice_config_reloads_total{result="failure"}';
        await until('it is refused', async () => (await counter(sluice, failures)) === index + 1);
        await until(`it names ${problem}`, () =>
          sluice.output().split('configuration-problem').at(-1)?.includes(problem),
        );
        expect(await sluice.workerPids('a')).toEqual([pid]);
      }
      rewrite(sluice, good.replace('"value": "1"', '"value": "2"'));
      await until('it is applied', async () => (await sluice.call('/')).text === '2');
    });
  });
});

test('pools, applications, sites and bindings come and go under load', async () => {
  await withEditions({}, async (sluice, root) => {
    const added = await freePort();
    const [pid] = await sluice.workerPids('a');
    await underLoad(sluice, async () => {
      const physicalPath = appFolder(root, 'added', goodApp);
      reload(sluice, ({ applicationPools, sites }) => {
        applicationPools.push({ name: 'added' }, { name: 'second' });
        sites[0]?.applications.push({ path: '/added', applicationPool: 'added', physicalPath });
        sites.push({
          name: 'second',
          bindings: [{ protocol: 'http', bindingInformation: `*:${added}:` }],
          applications: [{ path: '/', applicationPool: 'second', physicalPath }],
        });
      });
      await until('the second site answers', async () => {
        const answer = await call(added, '/').catch(() => null);
        return answer?.status === 200;
      });
      await until('the application answers', async () => (await sluice.call('/added')).text.startsWith('good'));
      const pids = [...(await sluice.workerPids('added')), ...(await sluice.workerPids('second'))];
      expect(pids).toHaveLength(2);
      reload(sluice, ({ applicationPools, sites }) => {
        applicationPools.splice(-2);
        sites[0]?.applications.pop();
        sites.pop();
      });
      await until('the application is gone', async () => (await sluice.call('/added')).text === '1');
      await until('its workers too', () => !pids.some(isAlive));
      await until('and its port', async () => {
        const answer = await call(added, '/').then(
          () => '',
          (error: Error) => error.message,
        );
        return answer.includes('ECONNREFUSED');
      });
      await until(
        'and both pools',
        async () => (await sluice.pools()).map(({ name }) => name).join() === 'a,neighbour',
      );
    });
    expect(await sluice.workerPids('a')).toEqual([pid]);
  });
});
