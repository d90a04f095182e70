import { expect, test } from '@jest/globals';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { isAlive } from '../../support/processes.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder, recordsOnceThere } from '../starts/app-folder.js';

/** The app on PORT, a metrics server on a port of its own, and a SIGTERM handler that says what it saw. */
const source = `
const fs = require('node:fs');
const http = require('node:http');
const { EDITION, TRACE, METRICS_PORT, STUBBORN } = process.env;
const trace = (text) => fs.appendFileSync(TRACE, EDITION + ' ' + text + '\\n');
const server = http.createServer((request, response) => {
  if (request.url === '/slow') trace('asked');
  setTimeout(() => response.end(EDITION, () => request.url === '/slow' && trace('answered')), request.url === '/slow' ? 600 : 0);
});
server.listen(process.env.PORT);
http.createServer((_request, response) => response.end('metrics ' + EDITION)).listen(METRICS_PORT);
process.on('SIGTERM', (signal, number) => {
  trace(signal + ' ' + number);
  if (STUBBORN) return;
  server.close(() => { trace('closed'); process.exit(0); });
});
`;

interface Document {
  applicationPools: Settings[];
}

interface Scene {
  readonly sluice: Sluice;
  readonly metricsPort: number;
  readonly trace: () => string[];
  readonly publish: (edition: string) => void;
}

async function withApp(more: Readonly<Record<string, string>>, body: (scene: Scene) => Promise<void>): Promise<void> {
  const root = tempFolder('app');
  const metricsPort = await freePort();
  const traceFile = join(root, 'trace');
  writeFileSync(traceFile, '');
  chmodSync(traceFile, 0o666);
  const variables = (edition: string): Settings[] =>
    Object.entries({ EDITION: edition, TRACE: traceFile, METRICS_PORT: String(metricsPort), ...more }).map(
      ([name, value]) => ({ name, value }),
    );
  const hosting = { hostingModel: 'InProcess', processPath: 'node', arguments: 'index.js', shutdownTimeLimit: 2 };
  const options = {
    server: { watch: false },
    applicationPools: [{ name: 'a', environmentVariables: variables('1') }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: appFolder(root, 'a', source), hosting }],
  };
  try {
    await withSluice(options, async (sluice) => {
      expect((await sluice.call('/')).text).toBe('1');
      await body({
        sluice,
        metricsPort,
        trace: () => readFileSync(traceFile, 'utf8').split('\n').filter(Boolean),
        publish: (edition) => {
          const document = JSON.parse(readFileSync(sluice.file, 'utf8')) as Document;
          Object.assign(document.applicationPools[0] ?? {}, { environmentVariables: variables(edition) });
          writeFileSync(`${sluice.file}.new`, JSON.stringify(document));
          renameSync(`${sluice.file}.new`, sluice.file);
          sluice.program.child.kill('SIGHUP');
        },
      });
    });
  } finally {
    removeFolder(root);
  }
}

test('a recycle: the request in flight is answered, then SIGTERM; the second server is handed over', async () => {
  await withApp({}, async ({ sluice, metricsPort, trace, publish }) => {
    const [old = 0] = await sluice.workerPids('a');
    const metrics = async (): Promise<string> => (await call(metricsPort, '/').catch(() => ({ text: '' }))).text;
    expect(await metrics()).toBe('metrics 1');
    const slow = sluice.call('/slow');
    await until('the slow request is there', () => trace().includes('1 asked'));
    publish('2');
    await until('the new edition answers', async () => (await sluice.call('/')).text === '2');
    expect((await slow).text).toBe('1');
    await until('the old worker is gone', () => !isAlive(old));
    expect(trace()).toEqual(['1 asked', '1 answered', '1 SIGTERM 15', '1 closed']);
    await until('the new worker has the second server', async () => (await metrics()) === 'metrics 2');
    const [notice] = await recordsOnceThere(sluice, 'worker-notice', 'main/', 1);
    expect(notice).toMatchObject({ code: 'second-server-busy' });
  });
});

test('an app that ignores SIGTERM is killed when its limit is over', async () => {
  await withApp({ STUBBORN: '1' }, async ({ sluice, trace, publish }) => {
    const [old = 0] = await sluice.workerPids('a');
    publish('2');
    await until('the old worker is gone', () => !isAlive(old), { withinMs: 30_000 });
    expect(trace()).toEqual(['1 SIGTERM 15']);
    expect((await sluice.call('/')).text).toBe('2');
  });
});
