import { describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostingModels, outOfProcess } from '../../support/hosting.js';
import { isAlive } from '../../support/processes.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { recordsOf } from '../../support/log-records.js';

/** Answers its pid; /spin blocks it, /close stops listening, /sick answers 500 from then on, /exit ends it. */
const patient = `
const server = require('node:http').createServer((request, response) => {
  const path = request.url.split('/').pop();
  if (path === 'spin') for (;;);
  if (path === 'exit') process.exit(3);
  if (path === 'sick') globalThis.sick = true;
  if (path === 'close') server.close();
  response.statusCode = globalThis.sick ? 500 : 200;
  response.end(String(process.pid));
});
server.listen(process.env.PORT);
`;

async function ward(
  pools: readonly (Settings & { readonly name: string })[],
  settings: Settings,
  body: (sluice: Sluice, folder: string) => Promise<void>,
): Promise<void> {
  const root = tempFolder('ward');
  try {
    mkdirSync(join(root, 'app'), { mode: 0o755 });
    writeFileSync(join(root, 'app', 'index.js'), patient);
    const physicalPath = join(root, 'app');
    const applications = pools.map(({ name }) => ({
      path: `/${name}`,
      applicationPool: name,
      physicalPath,
      ...settings,
    }));
    await withSluice({ applicationPools: pools, applications }, (sluice) => body(sluice, root));
  } finally {
    removeFolder(root);
  }
}

async function obituary(sluice: Sluice, pool: string, pid: string) {
  return until(
    `the end of ${pid} is written down`,
    async () => (await sluice.pool(pool)).obituaries.find((one) => one.pid === Number(pid)),
    { withinMs: 60_000 },
  );
}

/** A request that nobody will answer. By POST: a GET is tried once more, on the worker that comes next. */
function provoke(sluice: Sluice, path: string): void {
  sluice.call(path, { method: 'POST', limitMs: 60_000 }).catch(() => undefined);
}

describe.each(hostingModels)('$model', ({ model, settings }) => {
  const inProcess = model === 'in-process';
  const ping = { pingingEnabled: true, pingInterval: '00:00:01', pingResponseTime: '00:00:02' };

  test('a worker that does not answer pings, or that somebody stopped, is replaced', async () => {
    const pools = [
      { name: 'pinged', processModel: ping, failure: { hangDetection: '00:00:00' } },
      { name: 'unpinged', processModel: { pingingEnabled: false }, failure: { hangDetection: '00:00:03' } },
    ];
    await ward(pools, settings, async (sluice) => {
      const pinged = (await sluice.call('/pinged/pid')).text;
      // In-process the event loop answers; out-of-process it is the listening socket.
      provoke(sluice, inProcess ? '/pinged/spin' : '/pinged/close');
      expect(await obituary(sluice, 'pinged', pinged)).toMatchObject({ reason: 'ping-timeout', eventId: 5010 });
      const after = await sluice.call('/pinged/pid');
      expect(after.status).toBe(200);
      expect(after.text).not.toBe(pinged);
      const stopped = (await sluice.call('/unpinged/pid')).text;
      process.kill(Number(stopped), 'SIGSTOP');
      expect(await obituary(sluice, 'unpinged', stopped)).toMatchObject({ reason: 'hang' });
      expect((await sluice.call('/unpinged/pid')).status).toBe(200);
    });
  });

  test('orphanWorkerProcess keeps the sick process and runs orphanActionExe for it; Sluice takes it along', async () => {
    const failure = (root: string): Settings => ({
      hangDetection: '00:00:02',
      orphanWorkerProcess: true,
      orphanActionExe: '/bin/sh',
      orphanActionParams: `-c "echo orphan %1% >${root}"`,
    });
    const notes = tempFolder('notes');
    const file = join(notes, 'orphans');
    let orphan = '';
    try {
      const pools = [{ name: 'a', processModel: ping, failure: failure(file) }];
      await ward(pools, settings, async (sluice) => {
        orphan = (await sluice.call('/a/pid')).text;
        if (inProcess) provoke(sluice, '/a/spin');
        else process.kill(Number(orphan), 'SIGSTOP');
        await obituary(sluice, 'a', orphan);
        expect(isAlive(Number(orphan))).toBe(true);
        await until('the program ran', () => existsSync(file) && readFileSync(file, 'utf8') === `orphan ${orphan}\n`);
        const answer = await sluice.call('/a/pid');
        expect(answer.status).toBe(200);
        expect(answer.text).not.toBe(orphan);
        expect(isAlive(Number(orphan))).toBe(true);
        expect(recordsOf(sluice, 'worker-orphaned', 'a')).toMatchObject([{ pid: Number(orphan) }]);
      });
      expect(isAlive(Number(orphan))).toBe(false);
    } finally {
      removeFolder(notes);
    }
  });
});

test('rapid-fail protection runs autoShutdownExe when it stops the pool', async () => {
  const notes = tempFolder('notes');
  const file = join(notes, 'stops');
  const failure = {
    rapidFailProtectionMaxCrashes: 2,
    autoShutdownExe: '/bin/sh',
    autoShutdownParams: `-c "echo stopped >>${file}"`,
  };
  try {
    await ward([{ name: 'a', failure }], {}, async (sluice) => {
      await until('the pool is stopped', async () => {
        await sluice.call('/a/exit');
        return (await sluice.pool('a')).stoppedReason === 'AppOffline';
      });
      await until('the program ran', () => existsSync(file) && readFileSync(file, 'utf8') === 'stopped\n');
      expect(recordsOf(sluice, 'rapid-fail', 'a')).toMatchObject([{ eventId: 5002 }]);
    });
  } finally {
    removeFolder(notes);
  }
});

test('healthCheck replaces a program that answers connections but not the request', async () => {
  const check = { path: '/up', interval: '00:00:01', timeout: '00:00:02', failures: 2 };
  await ward([{ name: 'a' }, { name: 'b' }], outOfProcess('index.js', { healthCheck: check }), async (sluice) => {
    const healthy = (await sluice.call('/b/pid')).text;
    const sick = (await sluice.call('/a/pid')).text;
    expect((await sluice.call('/a/sick')).status).toBe(500);
    expect(await obituary(sluice, 'a', sick)).toMatchObject({ reason: 'health-check' });
    const again = await sluice.call('/a/pid');
    expect(again.status).toBe(200);
    provoke(sluice, '/a/spin');
    expect(await obituary(sluice, 'a', again.text)).toMatchObject({ reason: 'health-check' });
    expect((await sluice.call('/b/pid')).text).toBe(healthy);
  });
});
