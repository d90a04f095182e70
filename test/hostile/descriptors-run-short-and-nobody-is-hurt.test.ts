import { statSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { overloadCheckMs } from '../../config/base/limits.js';
import { listenerPids } from '../acceptance/experiments/kill-listeners.js';
import { freePort } from '../support/free-port.js';
import { Http2Client } from '../support/http2-client.js';
import { get as getOverHttp2, preface, settings } from '../support/http2-frames.js';
import { app } from '../support/paths.js';
import { ticksPerSecond } from '../support/processes.js';
import { run } from '../support/program.js';
import { RawClient, statuses } from '../support/raw-client.js';
import { type Sluice, withSluice } from '../support/sluice.js';
import { pause, until } from '../support/time.js';
import { tlsCall } from '../support/tls-client.js';

const openFiles = 200;
/** Over HTTP/2: the last byte of its first request's head does not come. */
const halfHead = Buffer.concat([preface, settings(), getOverHttp2(1).subarray(0, -1)]);
/** As many are open at once in every process. */
const fewest = 3;

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

async function served(port: number, path = '/'): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(get(path));
  await client.receives('HTTP/1.1 200');
  return client;
}

async function inFlight(sluice: Sluice): Promise<number> {
  return Number(/sluice_http_requests_in_flight\{[^}]*\} (\d+)/.exec(await sluice.metrics())?.[1] ?? 0);
}

/** More idle clients than there are descriptors: each one is served, those that idled longest make room. */
async function idleOnesMakeRoom(sluice: Sluice): Promise<void> {
  const busy = await RawClient.connect(sluice.port);
  busy.send(get('/slow?ms=3000'));
  // Over HTTP/2 a connection is idle when it has no stream.
  const [oldest, working] = await Promise.all([
    Http2Client.connect(`http://a:${sluice.port}`),
    Http2Client.connect(`http://a:${sluice.port}`),
  ]);
  await Promise.all([oldest.call('/'), working.call('/')]);
  const held = working.open('/hold', {}, true);
  const clients: RawClient[] = [];
  for (let n = 0; n < 2 * openFiles; n++) clients.push(await served(sluice.port));
  const closed = clients.filter((client) => client.ended).length;
  expect(closed).toBeGreaterThan(openFiles);
  // Who was served last is still connected and is served again.
  const last = clients.at(-1);
  last?.clear();
  last?.send(get('/'));
  await last?.receives('HTTP/1.1 200');
  expect(statuses(await busy.receives('slow'))).toEqual([200]);
  await until('the oldest idle one is closed', () => oldest.isClosed);
  expect([working.isClosed, held.closed]).toEqual([false, false]);
  working.destroy();
  for (const client of [busy, ...clients]) client.close();
}

/** Nobody is idle: further clients wait in the kernel until there is room, and nobody spins or dies meanwhile. */
async function acceptingPauses(sluice: Sluice): Promise<void> {
  const clients: RawClient[] = [];
  for (let n = 0; n < openFiles; n++) {
    const client = await RawClient.connect(sluice.port);
    client.send(get('/hold'));
    clients.push(client);
  }
  await until('accepting pauses', () => sluice.output().includes('accept-paused'));
  const waiting = await RawClient.connect(sluice.port);
  waiting.send(get('/'));
  const before = cpuSeconds(sluice);
  await pause(1_000);
  // A spinning accept would use the whole second.
  expect(cpuSeconds(sluice) - before).toBeLessThan(0.8);
  expect([waiting.text(), waiting.ended]).toEqual(['', false]);
  expect(clients.some((client) => client.ended)).toBe(false);
  for (const client of clients) client.close();
  expect(statuses(await waiting.receives('plain'))).toEqual([200]);
  waiting.close();
  await until('every held request is gone', async () => (await inFlight(sluice)) === 0);
  await until('the pause is told', () => sluice.output().includes('accept-resumed'));
}

/** Heads that never end are no requests: the oldest of them go. */
async function slowHeadsMakeRoom(sluice: Sluice): Promise<void> {
  const slow: RawClient[] = [];
  for (let n = 0; n < openFiles + 20; n++) {
    const client = await RawClient.connect(sluice.port);
    client.send(n % 2 === 0 ? 'GET / HT' : halfHead);
    slow.push(client);
  }
  // It waits behind them until there is room.
  const late = await served(sluice.port);
  await until('the oldest is closed', () => slow[0]?.ended === true);
  for (const client of [late, ...slow]) client.close();
}

/** Clients that never greet hold descriptors too: the oldest go, and the workers keep what is theirs. */
async function handshakesMakeRoom(sluice: Sluice, tlsPort: number): Promise<void> {
  const silent: RawClient[] = [];
  for (let n = 0; n < openFiles + 20; n++) silent.push(await RawClient.connect(tlsPort));
  const answer = await tlsCall(tlsPort, { servername: 'localhost' });
  expect(answer.status).toBe(200);
  expect((await sluice.call('/')).status).toBe(200);
  const closed = silent.findIndex((client) => !client.ended);
  expect(closed).toBeGreaterThan(0);
  // They were counted before they were too many.
  expect(sluice.output()).toContain('accept-paused');
  expect(sluice.output()).not.toContain('EMFILE');
  for (const client of silent) client.close();
  await until('the pause is told', () => sluice.output().includes('accept-resumed'));
}

/** No descriptor is left at all, not even to look at /proc: who is served goes on being served. */
async function noneIsLeft(sluice: Sluice): Promise<void> {
  const client = await served(sluice.port);
  const [pid] = listenerPids(sluice);
  if (pid === undefined) throw new Error('no listener');
  // Of a process of another user even root may not change it, in many containers.
  const { uid, gid } = statSync(`/proc/${pid}`);
  const limit = async (files: number): Promise<void> => {
    const set = ['--pid', String(pid), `--nofile=${files}:${openFiles}`];
    expect(await run('prlimit', set, { uid, gid })).toMatchObject({ code: 0, output: '' });
  };
  await limit(fewest);
  await pause(2 * overloadCheckMs);
  client.clear();
  client.send(get('/n/again'));
  await client.receives('again');
  await limit(openFiles);
  client.close();
}

/** Of all processes of the server; nothing else goes on meanwhile. */
function cpuSeconds(sluice: Sluice): number {
  return sluice.tree().reduce((sum, one) => sum + one.cpuTicks, 0) / ticksPerSecond;
}

test('idle connections are closed first, then accepting pauses, and afterwards all is as before', async () => {
  let tlsPort = 0;
  await withSluice(
    {
      listeners: 1,
      applicationPools: [{ name: 'a', queueLength: 2_000 }],
      sites: async (port) => {
        tlsPort = await freePort();
        const secure = `127.0.0.1:${tlsPort}:`;
        return [
          {
            name: 'main',
            bindings: [
              { protocol: 'http', bindingInformation: `*:${port}:`, http2: true },
              { protocol: 'https', bindingInformation: secure, certificate: 'development' },
            ],
            applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
          },
        ];
      },
      through: ['prlimit', `--nofile=${openFiles}:${openFiles}`],
    },
    async (sluice) => {
      await sluice.call('/');
      const pids = sluice.tree().map(({ pid }) => pid);
      await handshakesMakeRoom(sluice, tlsPort);
      await noneIsLeft(sluice);
      await slowHeadsMakeRoom(sluice);
      await idleOnesMakeRoom(sluice);
      await acceptingPauses(sluice);
      expect((await sluice.call('/')).status).toBe(200);
      expect(sluice.tree().map(({ pid }) => pid)).toEqual(pids);
    },
  );
}, 180_000);
