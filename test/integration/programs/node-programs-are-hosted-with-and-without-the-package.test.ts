import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call } from '../../support/http-client.js';
import { outOfProcess } from '../../support/hosting.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { installPackage } from './packed.js';
import { echoOverWebSocket } from './websocket-echo.js';

interface Hosted {
  readonly name: string;
  readonly settings: Settings;
  /** Answers only Sluice, and ends by itself when asked to. */
  readonly isJoined: boolean;
}

const named = (name: string, entry: string, more?: Settings): Hosted => ({
  name,
  settings: outOfProcess(entry, more),
  isJoined: entry !== 'alone.cjs',
});
const programs: readonly Hosted[] = [
  named('program', 'program.cjs'),
  named('unix', 'program.cjs', { socket: 'unix' }),
  named('module', 'module.mjs'),
  named('express', 'express.cjs'),
  named('fastify', 'fastify.cjs'),
  named('websocket', 'websocket.cjs'),
  named('alone', 'alone.cjs'),
];
/** The package is in its way nowhere: in-process it only listens. */
const inProcess = { hosting: { hostingModel: 'InProcess', processPath: 'node', arguments: 'program.cjs' } };

let sluice: Sluice;
let folder: string;

beforeAll(async () => {
  folder = tempFolder('pkg');
  await installPackage(folder);
  const all = [...programs, { name: 'in-process', settings: inProcess }];
  sluice = await startSluice({
    applicationPools: all.map(({ name }) => ({ name })),
    applications: all.map(({ name, settings }) => ({
      path: `/${name}`,
      applicationPool: name,
      physicalPath: folder,
      ...settings,
    })),
  });
}, 240_000);

afterAll(async () => {
  await sluice.stop();
  removeFolder(folder);
}, 120_000);

const asked = async (path: string, how = {}): Promise<Record<string, unknown>> => {
  const answer = await sluice.call(path, how);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
};

describe.each(programs)('$name', ({ name, isJoined }) => {
  test('is answered through Sluice; who goes to its port himself is not, if it joined', async () => {
    const port = String((await asked(`/${name}/a`))['port']);
    const direct = await call(/^\d+$/.test(port) ? Number(port) : port.replace(/^.*unix:/, ''), `/${name}/a`);
    expect(direct.status).toBe(isJoined ? 400 : 200);
  });

  test('is started again after a crash', async () => {
    const { pid } = await asked(`/${name}/a`);
    process.kill(Number(pid), 'SIGKILL');
    await until('the crash is noticed', async () => !(await sluice.workerPids(name)).includes(Number(pid)));
    expect((await asked(`/${name}/a`, { limitMs: 60_000 }))['pid']).not.toBe(pid);
  });
});

test.each(['express', 'fastify'])('%s sees the client and its path, and gets uploads', async (name) => {
  const body = JSON.stringify({ text: 'x'.repeat(2_000_000) });
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const seen = await asked(`/${name}/deep?q=1`, { method: 'POST', body, headers });
  expect(seen).toMatchObject({ url: `/${name}/deep?q=1`, ip: '127.0.0.1', protocol: 'http' });
  expect(JSON.stringify(seen['body'])).toBe(body);
});

test('a program learns where it is', async () => {
  const seen = await asked('/program/deep');
  expect(seen).toMatchObject({ isHosted: true, path: '/program', url: '/program/deep' });
  expect(JSON.stringify(seen['rawHeaders'])).not.toContain(String(seen['token']));
});

test('in-process nobody hosts it', async () => {
  const seen = await asked('/in-process/a');
  expect(seen).toMatchObject({ isHosted: false, remoteAddress: '127.0.0.1', url: '/in-process/a' });
});

test('ws gets its WebSockets', async () => {
  expect(await echoOverWebSocket(sluice.port, '/websocket/', 'hello')).toBe('hello');
});

// Last, because it stops them all.
test('programs that joined end with code 0, the other one by the signal', async () => {
  expect(await sluice.program.stop('SIGTERM', 60_000)).toMatchObject({ code: 0 });
  const ends = readFileSync(join(sluice.folder, 'log', 'sluice.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"worker-ended"'))
    .map((line) => JSON.parse(line) as { pool: string; how: string })
    .map(({ pool, how }) => `${pool}: ${how}`);
  const expected = programs.map(({ name, isJoined }) => `${name}: ${isJoined ? 'with exit code 0' : 'by SIGTERM'}`);
  expect(ends.filter((end) => !end.startsWith('in-process')).sort()).toEqual(expected.sort());
}, 120_000);
