/** GOAWAY at a stop, when a binding goes and when nothing happens; recycles and kills with streams in flight. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { answerOf, Http2Client } from '../../support/http2-client.js';
import { hostingModels } from '../../support/hosting.js';
import { echoApp, startMix } from '../../support/mixed-load.js';
import { testNeeding } from '../../support/needs.js';
import { app } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { type Settings, type Sluice, type SluiceOptions, startSluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { pause, until } from '../../support/time.js';
import { call } from '../../support/http-client.js';

function options(physicalPath: string, hosting: Settings = {}, site: Settings = {}): SluiceOptions {
  return {
    listeners: 1,
    applicationPools: [{ name: 'a' }],
    sites: (port) => [
      {
        name: 'main',
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }],
        applications: [{ path: '/', applicationPool: 'a', physicalPath, ...hosting }],
        ...site,
      },
    ],
  };
}

function change(sluice: Sluice, edit: (text: string) => string): void {
  writeFileSync(`${sluice.file}.new`, edit(readFileSync(sluice.file, 'utf8')));
  renameSync(`${sluice.file}.new`, sluice.file);
}

test('a stop finishes what has begun, and says GOAWAY', async () => {
  const sluice = await startSluice(options(app('plain')));
  const client = await Http2Client.connect(`http://localhost:${sluice.port}`);
  const idle = await Http2Client.connect(`http://localhost:${sluice.port}`);
  await Promise.all([client.call('/'), idle.call('/')]);
  const slow = client.call('/slow?ms=1500');
  await until('it runs', async () => (await sluice.pool('a')).workers.some(({ inFlight }) => inFlight > 0));
  const stopped = sluice.stop();
  await until('the idle one is closed', () => idle.isClosed);
  expect(idle.goAway).toBe(0);
  expect(await slow).toMatchObject({ status: 200, resetCode: 0 });
  await until('the busy one is closed', () => client.isClosed);
  expect(client.goAway).toBe(0);
  await stopped;
}, 120_000);

test('a port that no longer takes HTTP/2 drains its connections; an idle one ends by itself', async () => {
  await withSluice(options(app('plain'), {}, { limits: { connectionTimeout: '00:00:01' } }), async (sluice) => {
    const idle = await Http2Client.connect(`http://localhost:${sluice.port}`);
    await idle.call('/');
    await until('the idle one is closed', () => idle.isClosed);
    expect(idle.goAway).toBe(0);
    const client = await Http2Client.connect(`http://localhost:${sluice.port}`);
    const slow = client.call('/slow?ms=1500');
    await until('it runs', async () => (await sluice.pool('a')).workers.some(({ inFlight }) => inFlight > 0));
    change(sluice, (text) => text.replace('"http2": true', '"http2": false'));
    await until('GOAWAY', () => client.goAway !== null);
    expect(await slow).toMatchObject({ status: 200, resetCode: 0 });
    await until('it is closed', () => client.isClosed);
    expect((await sluice.call('/n/1')).text).toBe('1');
  });
}, 120_000);

test.each(hostingModels)(
  'recycles and kills with streams in flight lose nothing that may be repeated: $model',
  async ({ settings }) => {
    const folder = tempFolder('h2');
    writeFileSync(join(folder, 'index.js'), echoApp);
    await withSluice(options(folder, settings), async (sluice) => {
      await sluice.call('/');
      const mix = startMix(sluice.port, 120, true);
      const recycle = (): Promise<unknown> => call(sluice.adminSocket, '/api/v1/pools/a/recycle', { method: 'POST' });
      await pause(700);
      await recycle();
      await until('another worker serves', async () =>
        (await sluice.pool('a')).workers.some((one) => one.generation > 1),
      );
      await pause(700);
      for (const pid of await sluice.workerPids('a')) process.kill(pid, 'SIGKILL');
      await until('another one', async () => (await sluice.workerPids('a')).length > 0);
      await pause(700);
      const report = await mix.stop();
      expect(report.failures).toBe('');
      expect(report.failed).toBe(0);
    });
    removeFolder(folder);
  },
  120_000,
);

testNeeding('curl', 'nghttp', 'h2load')(
  'what other clients make of it: curl, nghttp, h2load',
  async () => {
    await withSluice(options(app('plain')), async (sluice) => {
      const url = `http://127.0.0.1:${sluice.port}`;
      const clients: readonly (readonly [string, readonly string[], RegExp])[] = [
        ['curl', ['-s', '--http2-prior-knowledge', '-w', '%{http_version} %{http_code}', `${url}/n/7`], /72 200/],
        ['curl', ['-s', '--http2', '-w', '%{http_version} %{http_code}', `${url}/n/7`], /71\.1 200/],
        ['nghttp', ['-v', `${url}/trailers`], /x-sum: 42/],
        ['h2load', ['-n500', '-c5', '-m20', `${url}/n/7`], /500 succeeded, 0 failed, 0 errored/],
      ];
      for (const [program, args, wanted] of clients) {
        expect((await run(program, args)).output).toMatch(wanted);
      }
      const own = await Http2Client.connect(url);
      expect((await answerOf(own.open('/n/8', {}, true))).text).toBe('8');
      own.destroy();
    });
  },
  120_000,
);
