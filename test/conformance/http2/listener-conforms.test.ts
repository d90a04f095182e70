/** The scripts again, against a live listener: with an application behind it, and with one that keeps every byte. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inParallel } from '../../support/batches.js';
import { freePort } from '../../support/free-port.js';
import { app } from '../../support/paths.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { originSite, scriptsAgainst, takeRecord } from '../differential/live.js';
import { liveScripts } from './index.js';
import { runOnSocket } from './on-socket.js';

const connectionsAtOnce = 8;
const maxConcurrentRequests = 20_000;
let server: Sluice;
let originPort = 0;

beforeAll(async () => {
  server = await startSluice({
    applicationPools: ['paths', 'origin'].map((name) => ({ name, processModel: { maxConcurrentRequests } })),
    sites: async (port) => {
      originPort = await freePort();
      return [
        {
          name: 'paths',
          bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }],
          applications: [{ path: '/', applicationPool: 'paths', physicalPath: app('http2-paths') }],
        },
        originSite(originPort),
      ];
    },
  });
}, 120_000);

afterAll(() => server.stop(), 120_000);

test('every script has its outcome on the listener', async () => {
  const problems = await inParallel(liveScripts, connectionsAtOnce, async (script) => ({
    script: `${script.source}: ${script.name}`,
    problem: (await runOnSocket(script, server.port)).problem,
  }));
  expect(problems.filter(({ problem }) => problem !== '')).toEqual([]);
}, 300_000);

test('a worker of HTTP/1.1 gets, byte for byte, what each script asks for, and nothing of what is refused', async () => {
  const judge = await scriptsAgainst(originPort, liveScripts);
  expect(judge(await takeRecord(originPort))).toEqual([]);
}, 300_000);
