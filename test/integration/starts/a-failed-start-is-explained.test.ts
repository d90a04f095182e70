import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import type { Answer } from '../../support/http-client.js';
import { testNeeding } from '../../support/needs.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder, counter, goodApp, recordsOnceThere } from './app-folder.js';
import { type Case, inProcessCases, outOfProcessCases, portRefused } from './failing-apps.js';

const failsOnceToldTo = `
const { existsSync } = require('node:fs');
setInterval(() => existsSync('go') && process.exit(1), 20);
`;

const development = { NODE_ENV: 'development' };
let takenPort = 0;
const taken = createServer();
let root = '';
let sluice: Sluice;

function cases(): readonly Case[] {
  return [...inProcessCases, ...outOfProcessCases, portRefused({ port: takenPort, release: () => void taken.close() })];
}

beforeAll(async () => {
  root = tempFolder('app');
  takenPort = await freePort();
  await new Promise<void>((done) => void taken.listen(takenPort, '127.0.0.1', done));
  const all = cases();
  appFolder(root, 'neighbour', goodApp);
  for (const one of all) {
    const folder = appFolder(root, one.name, one.source);
    one.prepare?.(folder);
  }
  appFolder(root, 'waits', failsOnceToldTo);
  sluice = await startSluice({
    applicationPools: [
      { name: 'neighbour' },
      { name: 'waits' },
      ...all.map(({ name, pool }) => ({ name, environmentVariables: development, ...pool?.(root) })),
    ],
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

/** As much of the page of a development environment as is looked at. */
interface Told {
  readonly journey: readonly { readonly outcome: string }[];
  readonly output: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
}

interface Explained {
  readonly code: string;
  readonly cause: string;
  readonly remedy: string;
}

/** The page, the log and the pool view say the same. */
async function expectExplained(one: Case, page: Answer): Promise<void> {
  expect(page.status).toBe(one.status[0]);
  expect(Number(page.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  const written = await recordsOnceThere(sluice, 'start-failed', `main/${one.name}`, 1);
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
  const told = JSON.parse(page.text) as Told;
  const [{ code, cause, remedy } = { code: '', cause: '', remedy: '' }] = written as Partial<Explained>[];
  expect(told).toMatchObject({ status: one.status[0], subStatus: one.status[1], code, detail: cause, remedy });
  expect(told.output.join('\n')).toContain(one.output ?? '');
  expect(told.journey.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1);
  expect(told.journey.at(-1)?.outcome).toBe('failed');
  expect(told.facts).toMatchObject({ folder: join(root, one.name), 'application pool': one.name });
  const { journey } = told;
  expect(pool.applications[0]?.failure).toMatchObject({ status: one.status.join('.'), code, cause, remedy, journey });
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
  expect(await recordsOnceThere(sluice, 'start-failed', 'main/waits', 1)).toHaveLength(1);
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
      await expectExplained(one, await sluice.call(`/${name}/`, { headers: { accept: 'application/json' } }));
      // The second failure in a row begins a back-off, and a request in it is answered without a third start.
      await sluice.call(`/${name}/`);
      if (one.repair === null) return;
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
