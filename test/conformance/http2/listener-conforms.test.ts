/** The scripts again, against a live listener with an application behind it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inParallel } from '../../support/batches.js';
import { host } from '../../support/http2-frames.js';
import { app } from '../../support/paths.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { http2Scripts } from './index.js';
import { runOnSocket } from './on-socket.js';

const connectionsAtOnce = 8;
let server: Sluice;

beforeAll(async () => {
  server = await startSluice({
    applicationPools: [{ name: 'paths', processModel: { maxConcurrentRequests: 20_000 } }],
    sites: (port) => [
      {
        name: 'paths',
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${host}`, http2: true }],
        applications: [{ path: '/', applicationPool: 'paths', physicalPath: app('http2-paths') }],
      },
    ],
  });
}, 120_000);

afterAll(() => server.stop(), 120_000);

test('every script has its outcome on the listener', async () => {
  const scripts = http2Scripts.filter((script) => !script.isEngineOnly);
  const problems = await inParallel(scripts, connectionsAtOnce, async (script) => ({
    script: `${script.source}: ${script.name}`,
    problem: await runOnSocket(script, server.port),
  }));
  expect(problems.filter(({ problem }) => problem !== '')).toEqual([]);
}, 300_000);
