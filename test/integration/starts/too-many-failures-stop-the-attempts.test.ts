import { describe, expect, test } from '@jest/globals';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outOfProcess } from '../../support/hosting.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder, counter, goodApp, recordsOnceThere } from './app-folder.js';

/** Notes every process of it in a file beside it, then fails. */
const failingApp = `
require('node:fs').appendFileSync(process.env.NOTES, process.pid + '\\n');
process.exit(3);
`;

interface Scene {
  readonly sluice: Sluice;
  /** Writes a new index.js for the failing app. */
  readonly deploy: (source: string) => void;
  readonly processes: () => number;
}

async function scene(pool: Settings, application: Settings, body: (scene: Scene) => Promise<void>): Promise<void> {
  const root = tempFolder('app');
  const notes = join(root, 'notes');
  writeFileSync(notes, '');
  chmodSync(notes, 0o666);
  const variables = [
    { name: 'NOTES', value: notes },
    // The reason of a 502 is on the page for developers only.
    { name: 'NODE_ENV', value: 'development' },
  ];
  const options = {
    applicationPools: [{ name: 'neighbour' }, { name: 'a', environmentVariables: variables, ...pool }],
    applications: [
      { path: '/', applicationPool: 'neighbour', physicalPath: appFolder(root, 'neighbour', goodApp) },
      { path: '/a', applicationPool: 'a', physicalPath: appFolder(root, 'a', failingApp), ...application },
    ],
  };
  try {
    await withSluice(options, async (sluice) => {
      const neighbour = (await sluice.call('/')).text;
      await body({
        sluice,
        deploy: (source) => void appFolder(root, 'a', source),
        processes: () => readFileSync(notes, 'utf8').split('\n').length - 1,
      });
      expect((await sluice.call('/')).text).toBe(neighbour);
      expect((await sluice.pool('neighbour')).restarts).toBe(0);
    });
  } finally {
    removeFolder(root);
  }
}

/** Requests one after another until the answer holds `text`. */
async function visitUntil(sluice: Sluice, text: string) {
  return until(`an answer with ${text}`, async () => {
    const answer = await sluice.call('/a/');
    return answer.text.includes(text) && answer;
  });
}

describe('in-process: failure.rapidFailProtection of the pool', () => {
  const failure = { rapidFailProtectionMaxCrashes: 3 };

  test('trips exactly at the configured count; then one probe is let through', async () => {
    const pool = { failure: { ...failure, rapidFailProbe: '00:00:03' } };
    await scene(pool, {}, async ({ sluice, deploy, processes }) => {
      const offline = await visitUntil(sluice, 'AppOffline');
      expect(offline.status).toBe(503);
      expect(Number(offline.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(processes()).toBe(3);
      expect(await sluice.pool('a')).toMatchObject({ state: 'Stopped', stoppedReason: 'AppOffline' });
      expect(await counter(sluice, 'sluice_pool_rapid_fail_total{pool="a"}')).toBe(1);
      deploy(goodApp);
      const answer = await until('the probe is served', async () => {
        const got = await sluice.call('/a/');
        return got.status === 200 && got.text;
      });
      expect(answer).toMatch(/^good/);
      expect(processes()).toBe(3);
      await until('the pool is started', async () => (await sluice.pool('a')).state === 'Started');
    });
  });

  test('a failing probe closes it again after one process', async () => {
    const pool = { failure: { ...failure, rapidFailProbe: '00:00:01' } };
    await scene(pool, {}, async ({ sluice, processes }) => {
      await visitUntil(sluice, 'AppOffline');
      await until('a probe was made', async () => {
        await sluice.call('/a/');
        return processes() === 4;
      });
      expect((await visitUntil(sluice, 'AppOffline')).status).toBe(503);
      expect(await sluice.pool('a')).toMatchObject({ state: 'Stopped' });
    });
  });
});

describe('out-of-process: rapidFailsPerMinute of the application', () => {
  const hosting = (more: Settings) => outOfProcess('index.js', { rapidFailsPerMinute: 2, ...more });

  test('trips above the configured count of starts, and a new configuration forgives', async () => {
    await scene({}, hosting({}), async ({ sluice, deploy, processes }) => {
      const refused = await visitUntil(sluice, 'RapidFail');
      expect(refused.status).toBe(502);
      const seconds = Number(refused.headers['retry-after']);
      expect(seconds).toBeGreaterThan(1);
      expect(seconds).toBeLessThanOrEqual(60);
      // Three starts of two attempts each; the pool itself is not concerned.
      expect(processes()).toBe(6);
      expect(await recordsOnceThere(sluice, 'start-failed', 'main/a', 3)).toHaveLength(3);
      expect(await recordsOnceThere(sluice, 'application-rapid-fail', 'main/a', 1)).toHaveLength(1);
      expect(await sluice.pool('a')).toMatchObject({ state: 'Started', applications: [{ state: 'rapid-failed' }] });
      deploy(goodApp);
      expect((await sluice.call('/a/')).status).toBe(502);
      const text = readFileSync(sluice.file, 'utf8');
      writeFileSync(sluice.file, text.replace('"rapidFailsPerMinute": 2', '"rapidFailsPerMinute": 50'));
      sluice.program.child.kill('SIGHUP');
      await until('it is served', async () => (await sluice.call('/a/')).status === 200);
      expect(processes()).toBe(6);
    });
  });
});
