import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { outOfProcess } from '../../support/hosting.js';
import type { Answer } from '../../support/http-client.js';
import { testNeeding } from '../../support/needs.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder, counter, goodApp, records } from './app-folder.js';

interface Case {
  readonly name: string;
  readonly settings?: Settings;
  /** What index.js holds when the server starts. */
  readonly source: string;
  /** Breaks more than the source can, after the configuration was read. */
  readonly spoil?: (folder: string) => void;
  /** Undoes it; without it the good app is written. */
  readonly repair?: (folder: string) => void;
  readonly status: readonly [status: number, subStatus: number];
  readonly code: string;
  readonly cause: RegExp;
  readonly remedy: RegExp;
  /** Of the last output lines. */
  readonly output?: string;
  readonly attempts?: number;
  readonly exitReason?: string;
  readonly needs?: 'other users';
}

const neverListens = "console.log('waiting for the database'); setInterval(() => undefined, 1_000);";
const failsOnceToldTo = `
const { existsSync } = require('node:fs');
setInterval(() => existsSync('go') && process.exit(1), 20);
`;
const shortLimit = { startupTimeLimit: 1 };
const node = { hostingModel: 'InProcess', processPath: 'node', arguments: 'index.js' };
let takenPort = 0;

function cases(): readonly Case[] {
  return [
    {
      name: 'throws',
      source: "console.log('reading settings'); throw new Error('no database here');",
      status: [500, 30],
      code: 'exited-early',
      cause: /exit code 1.*no database here/,
      remedy: /node index\.js|output/,
      output: 'no database here',
    },
    {
      name: 'exits-0',
      source: "console.log('done'); process.exit(0);",
      status: [500, 30],
      code: 'exited-early',
      cause: /exit code 0.*without listening/,
      remedy: /listen\(\)/,
      output: 'done',
    },
    {
      name: 'never-listens',
      settings: { hosting: { ...node, ...shortLimit } },
      source: neverListens,
      status: [500, 37],
      code: 'startup-timeout',
      cause: /did not listen within 1000 ms/,
      remedy: /startupTimeLimit/,
      output: 'waiting for the database',
      exitReason: 'startup-timeout',
    },
    {
      name: 'entry-missing',
      source: goodApp,
      spoil: (folder) => rmSync(join(folder, 'index.js')),
      status: [500, 30],
      code: 'entry-missing',
      cause: /entry .*entry-missing holds no index\.js/,
      remedy: /Deploy the application/,
    },
    {
      name: 'closed-folder',
      source: goodApp,
      spoil: (folder) => chmodSync(folder, 0o700),
      repair: (folder) => chmodSync(folder, 0o755),
      status: [500, 30],
      code: 'folder-unreachable',
      cause: /closed-folder \(mode 0700\) cannot be entered by user \d+ of pool closed-folder/,
      remedy: /chmod o\+x .*closed-folder/,
      needs: 'other users',
    },
    {
      name: 'http2-only',
      source: "require('node:http2').createServer().listen(process.env.PORT);",
      status: [500, 30],
      code: 'refused-by-host',
      cause: /HTTP\/2 server/,
      remedy: /OutOfProcess/,
    },
    {
      name: 'program-missing',
      settings: outOfProcess('', { processPath: './gone', arguments: '' }),
      source: '',
      repair: (folder) => {
        writeFileSync(join(folder, 'gone'), `#!${process.execPath}\n${goodApp}`, { mode: 0o755 });
      },
      status: [502, 5],
      code: 'entry-missing',
      cause: /program-missing\/gone.*does not exist/,
      remedy: /processPath/,
    },
    {
      name: 'port-refused',
      settings: outOfProcess('index.js', { environmentVariables: { ASPNETCORE_PORT: String(takenPort) } }),
      source: goodApp,
      repair: () => void taken.close(),
      status: [502, 5],
      code: 'port-refused',
      cause: new RegExp(`ASPNETCORE_PORT ${takenPort} is in use`),
      remedy: /ASPNETCORE_PORT/,
    },
    {
      name: 'elsewhere',
      settings: outOfProcess('index.js', shortLimit),
      source: `
        require('node:http').createServer().listen(0, '127.0.0.1', function () {
          console.log('mine is ' + this.address().port);
        });`,
      status: [502, 5],
      code: 'listening-elsewhere',
      cause: /listens on port \d+ instead of \d+/,
      remedy: /PORT/,
      output: 'mine is',
    },
    {
      name: 'exits-early',
      settings: outOfProcess('index.js'),
      source: "console.error('no licence'); process.exit(3);",
      status: [502, 5],
      code: 'exited-early',
      cause: /exit code 3/,
      remedy: /output/,
      output: 'no licence',
      attempts: 2,
    },
    {
      name: 'never-listens-out',
      settings: outOfProcess('index.js', shortLimit),
      source: neverListens,
      status: [502, 5],
      code: 'startup-timeout',
      cause: /did not listen on port \d+ within 1000 ms/,
      remedy: /startupTimeLimit/,
      output: 'waiting for the database',
      attempts: 2,
      exitReason: 'startup-timeout',
    },
  ];
}

const taken = createServer();
let root = '';
let sluice: Sluice;

beforeAll(async () => {
  root = tempFolder('app');
  takenPort = await freePort();
  await new Promise<void>((done) => void taken.listen(takenPort, '127.0.0.1', done));
  const all = cases();
  appFolder(root, 'neighbour', goodApp);
  for (const one of all) appFolder(root, one.name, one.source);
  appFolder(root, 'waits', failsOnceToldTo);
  sluice = await startSluice({
    applicationPools: [{ name: 'neighbour' }, { name: 'waits' }, ...all.map(({ name }) => ({ name }))],
    applications: [
      { path: '/', applicationPool: 'neighbour', physicalPath: join(root, 'neighbour') },
      { path: '/waits', applicationPool: 'waits', physicalPath: join(root, 'waits') },
      ...all.map(({ name, settings }) => ({
        path: `/${name}`,
        applicationPool: name,
        physicalPath: join(root, name),
        ...settings,
      })),
    ],
  });
});

afterAll(async () => {
  taken.close();
  removeFolder(root);
  await sluice.stop();
});

function expectFailure(answer: Answer, [status, subStatus]: Case['status']): void {
  expect(answer.status).toBe(status);
  expect(answer.text).toContain(`${status}.${subStatus}`);
  expect(answer.text).not.toContain(root);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
}

async function expectExplained(one: Case): Promise<void> {
  const written = records(sluice, 'start-failed', `main/${one.name}`);
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject({
    level: 'error',
    pool: one.name,
    status: one.status.join('.'),
    code: one.code,
    attempts: one.attempts ?? 1,
    cause: expect.stringMatching(one.cause) as unknown,
    remedy: expect.stringMatching(one.remedy) as unknown,
    output: expect.stringContaining(one.output ?? '') as unknown,
  });
  const pool = await sluice.pool(one.name);
  expect(pool.applications[0]?.problem).toMatch(one.cause);
  const reason = one.exitReason ?? 'start-failed';
  expect(pool.obituaries).toMatchObject([{ reason, outputTail: expect.stringContaining(one.output ?? '') as unknown }]);
  expect(await counter(sluice, `sluice_worker_exits_total{pool="${one.name}",reason="${reason}"}`)).toBe(1);
}

test('requests that wait for the same start are answered together', async () => {
  const waiting = Promise.all(Array.from({ length: 8 }, () => sluice.call('/waits/')));
  const queue = 'sluice_queue_length{pool="waits"}';
  await until('all of them wait', async () => (await counter(sluice, queue)) === 8);
  writeFileSync(join(root, 'waits', 'go'), '');
  for (const answer of await waiting) expectFailure(answer, [500, 30]);
  expect(records(sluice, 'start-failed', 'main/waits')).toHaveLength(1);
  expect((await sluice.pool('waits')).obituaries).toHaveLength(1);
});

describe('the answer names the kind of failure, the log the cause, and the repaired app is served', () => {
  for (const { name, needs } of cases()) {
    const run = needs === undefined ? test : testNeeding(needs);
    run(name, async () => {
      const one = cases().find((candidate) => candidate.name === name);
      if (one === undefined) throw new Error(name);
      const folder = join(root, name);
      const neighbour = (await sluice.call('/')).text;
      one.spoil?.(folder);
      expectFailure(await sluice.call(`/${name}/`), one.status);
      await expectExplained(one);
      // The second failure in a row begins a back-off, and a request in it is answered without a third start.
      await sluice.call(`/${name}/`);
      if (one.repair === undefined) appFolder(root, name, goodApp);
      else one.repair(folder);
      const answer = await until('the repaired app answers', async () => {
        const got = await sluice.call(`/${name}/`);
        return got.status === 200 && got.text;
      });
      expect(answer).toMatch(/^good \d+$/);
      expect((await sluice.pool(name)).applications).toMatchObject([{ state: 'ready', problem: '' }]);
      expect((await sluice.call('/')).text).toBe(neighbour);
    });
  }
});
