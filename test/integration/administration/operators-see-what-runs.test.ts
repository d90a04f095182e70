/** One server for everything that an operator asks of it by command line and API. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LiveRequestsView, OperationView } from '../../../server/admin/control-plane.js';
import { outOfProcess } from '../../support/hosting.js';
import { call, callJson } from '../../support/http-client.js';
import { Http2Client } from '../../support/http2-client.js';
import { testNeeding } from '../../support/needs.js';
import { app, sluiceMain } from '../../support/paths.js';
import { run, startProgram } from '../../support/program.js';
import { RawClient, webSocketHandshake } from '../../support/raw-client.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { openTerminal } from '../../support/terminal.js';
import { until } from '../../support/time.js';

const handshake = webSocketHandshake('/ws');
const plain = app('plain');
const never = { hosting: { hostingModel: 'OutOfProcess', processPath: '/bin/sleep', arguments: '600' } };

/** Commands start slowly where everything else runs too. */
const patiently = { withinMs: 60_000 };

let sluice: Sluice;
const clients: RawClient[] = [];

beforeAll(async () => {
  sluice = await startSluice({
    applicationPools: [
      { name: 'in' },
      { name: 'out' },
      { name: 'narrow', processModel: { maxConcurrentRequests: 1 } },
      { name: 'never' },
    ],
    sites: (port) => [
      {
        name: 'main',
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }],
        applications: [
          { path: '/', applicationPool: 'in', physicalPath: plain },
          { path: '/out', applicationPool: 'out', physicalPath: plain, ...outOfProcess('index.js') },
          { path: '/narrow', applicationPool: 'narrow', physicalPath: plain },
          { path: '/never', applicationPool: 'never', physicalPath: plain, ...never },
        ],
      },
    ],
  });
}, 120_000);

afterAll(async () => {
  await sluice.stop();
}, 120_000);

async function send(text: string): Promise<RawClient> {
  const client = await RawClient.connect(sluice.port);
  clients.push(client);
  client.send(text);
  return client;
}

function get(path: string): Promise<RawClient> {
  return send(`GET ${path} HTTP/1.1\r\nHost: shop.test\r\n\r\n`);
}

function cli(...args: readonly string[]) {
  const env = { ...process.env, SLUICE_ADMIN: sluice.adminSocket };
  return run(process.execPath, [sluiceMain, ...args], { env, cwd: sluice.folder });
}

async function live(query = ''): Promise<LiveRequestsView> {
  return (await callJson(sluice.adminSocket, `/api/v1/requests${query}`)) as LiveRequestsView;
}

async function workerOf(pool: string): Promise<{ readonly workerId: number; readonly pid: number }> {
  const { workerId, pid } = await until(`a worker of ${pool} runs`, async () => {
    return (await sluice.pool(pool)).workers.find(({ state }) => state === 'running') ?? null;
  });
  return { workerId, pid };
}

async function post(path: string): Promise<OperationView> {
  const begun = await call(sluice.adminSocket, path, { method: 'POST' });
  expect([path, begun.status]).toEqual([path, 202]);
  const { id } = JSON.parse(begun.text) as OperationView;
  return until(`${path} ends`, async () => {
    const operation = (await callJson(sluice.adminSocket, `/api/v1/operations/${id}`)) as OperationView;
    return operation.state === 'running' ? null : operation;
  });
}

describe('live requests', () => {
  const http2: Http2Client[] = [];

  beforeAll(async () => {
    await get('/hold?password=secret');
    await get('/out/hold');
    await send('POST /hold HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\n\r\nab');
    await get('/half');
    for (const number of [1, 2, 3, 4]) await get(`/narrow/hold?${number}`);
    await get('/never/x');
    const socket = await send(handshake);
    await socket.receives('101 ');
    const client = await Http2Client.connect(`http://localhost:${sluice.port}`);
    http2.push(client);
    for (const path of ['/hold?stream', '/out/hold?stream']) client.open(path, {}, true).on('error', () => undefined);
    const settled: Readonly<Record<string, string>> = { '/half': 'answering', '/ws': 'tunnel', '/never/x': 'starting' };
    const underWay = async (): Promise<boolean> => {
      const { requests } = await live();
      const narrow = requests.filter(({ pool }) => pool === 'narrow');
      const others = requests.filter(({ pool }) => pool !== 'narrow');
      const isNarrow = narrow.length === 4 && narrow.some(({ state }) => state === 'sent');
      return isNarrow && others.length === 8 && others.every(({ url, state }) => state === (settled[url] ?? 'sent'));
    };
    await until('all of them are under way', underWay, patiently);
  }, 180_000);

  afterAll(() => {
    for (const client of http2) client.destroy();
    for (const client of clients) client.close();
  });

  test('of both models and versions are told with worker, state and time, without their queries', async () => {
    const { total, requests, silentListeners } = await live();
    expect({ total, listed: requests.length, silentListeners }).toEqual({ total: 12, listed: 12, silentListeners: [] });
    expect(JSON.stringify(requests)).not.toContain('secret');
    const inside = { pool: 'in', application: 'main/', site: 'main', client: '127.0.0.1', ...(await workerOf('in')) };
    const outside = { pool: 'out', application: 'main/out', ...(await workerOf('out')) };
    const wanted = [
      { verb: 'GET', host: 'shop.test', url: '/hold?...', version: '1.1', state: 'sent', ...inside },
      { verb: 'POST', host: 'shop.test', url: '/hold', state: 'sent', ...inside },
      { verb: 'GET', url: '/half', state: 'answering', ...inside },
      { verb: 'GET', url: '/ws', state: 'tunnel', ...inside },
      { verb: 'GET', url: '/hold?...', version: '2.0', state: 'sent', ...inside },
      { verb: 'GET', url: '/out/hold', version: '1.1', state: 'sent', ...outside },
      { verb: 'GET', url: '/out/hold?...', version: '2.0', state: 'sent', ...outside },
      { url: '/never/x', pool: 'never', state: 'starting', workerId: 0, pid: 0 },
    ];
    for (const one of wanted) expect(requests).toContainEqual(expect.objectContaining(one));
    // Two listeners, each with a share of one: two or more of four wait.
    const states = requests.filter(({ pool }) => pool === 'narrow').map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['sent', 'queued']));
    const times = requests.map(({ timeMs }) => timeMs);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  test('are narrowed by pool, site and time, and listed up to a limit', async () => {
    expect((await live('?pool=narrow')).total).toBe(4);
    expect((await live('?site=main')).total).toBe(12);
    expect((await live('?site=other')).total).toBe(0);
    expect((await live('?minTimeMs=900000')).total).toBe(0);
    expect(await live('?limit=3')).toMatchObject({ total: 12, requests: [{}, {}, {}] });
    for (const query of ['minTimeMs=soon', 'pool=', 'nonsense=1', 'limit=99999']) {
      const refused = await call(sluice.adminSocket, `/api/v1/requests?${query}`);
      expect([query, refused.status]).toEqual([query, 400]);
      expect(refused.text).toContain(`query`);
    }
    const open = await call(sluice.adminPort, '/api/v1/requests');
    expect([401, 403]).toContain(open.status);
  });

  test('are listed by the command line, in our words and those of appcmd', async () => {
    const all = await cli('requests');
    expect(all.output).toMatch(/^GET +shop\.test\/hold\?\.\.\. +sent +\d+ ms +127\.0\.0\.1 +main\/ +in +\d+ \(\d+\)$/m);
    expect(all).toMatchObject({ code: 0, output: expect.not.stringContaining('\x1b') });
    const asked = await cli('list', 'requests', '/apppool.name:narrow', '/elapsed:0', '--json');
    expect(JSON.parse(asked.output)).toMatchObject({ total: 4 });
    const { pid } = await workerOf('out');
    expect((await cli('list', 'request', `/wp.name:${pid}`)).output.match(/\/out\/hold/g)).toHaveLength(2);
  }, 180_000);
});

test('profiles and heap of an in-process worker are fetched as files that nobody else may read', async () => {
  const { workerId } = await workerOf('in');
  const profiled = await cli('profile', String(workerId), '--seconds', '1');
  expect(profiled).toMatchObject({ code: 0 });
  const file = /^(\/\S+\.cpuprofile): /m.exec(profiled.output)?.[1] ?? '';
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    nodes: expect.any(Array),
    samples: expect.any(Array),
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);

  const figures = join(sluice.folder, 'figures.json');
  expect((await cli('profile', String(workerId), '--kind', 'heap-statistics', '--output', figures)).code).toBe(0);
  expect(JSON.parse(readFileSync(figures, 'utf8'))).toMatchObject({ heap: { used_heap_size: expect.any(Number) } });

  const heap = await post(`/api/v1/workers/${workerId}/profile?kind=heap`);
  expect(heap).toMatchObject({ action: 'worker profile', state: 'done', error: null });
  expect(statSync(heap.file).mode & 0o777).toBe(0o600);
  const fetched = await call(sluice.adminSocket, `/api/v1/operations/${heap.id}/file`);
  expect(fetched.headers['content-disposition']).toMatch(/^attachment; filename="heap-[\w.-]+\.heapsnapshot"$/);
  expect(JSON.parse(fetched.text)).toHaveProperty('snapshot');
}, 180_000);

test('what cannot be profiled says what to use instead', async () => {
  const { workerId } = await workerOf('out');
  const failed = await cli('profile', String(workerId));
  expect(failed).toMatchObject({ code: 1, output: expect.stringMatching(/only in-process.*dotnet-trace/) });
  expect(await cli('profile', '9999')).toMatchObject({ code: 1, output: expect.stringContaining('no worker 9999') });
  const path = `/api/v1/workers/${workerId}/profile`;
  for (const query of ['kind=nonsense', 'seconds=0', 'seconds=9999', 'seconds=x']) {
    const refused = await call(sluice.adminSocket, `${path}?${query}`, { method: 'POST' });
    expect([query, refused.status]).toEqual([query, 400]);
  }
  const open = await call(sluice.adminPort, path, { method: 'POST' });
  expect([401, 403]).toContain(open.status);
  expect((await call(sluice.adminSocket, '/api/v1/operations/999/file')).status).toBe(404);
  expect([401, 403]).toContain((await call(sluice.adminPort, '/api/v1/operations/1/file')).status);
}, 180_000);

test('one screen tells the state; health checks ask for no more than that', async () => {
  const status = await cli('status');
  expect(status).toMatchObject({ code: 0, output: expect.stringMatching(/ ready, up .*\nSluice .* on Node /) });
  expect(status.output).toMatch(/^POOL +STATE/m);
  expect(JSON.parse((await cli('status', '--json')).output)).toMatchObject({ node: { state: 'ready' } });
  expect(await cli('healthcheck')).toMatchObject({ code: 0, output: 'ok\n' });
  expect(await cli('healthcheck', '--admin', join(sluice.folder, 'no.sock'))).toMatchObject({ code: 1 });
  const looked = await cli('doctor', sluice.file);
  expect(looked).toMatchObject({ code: 0, output: expect.stringContaining(`server: process ${sluice.pid} is ready`) });
  expect(looked.output).toContain(`port *:${sluice.port}: held by this server (process ${sluice.pid})`);
  expect((await cli('node', 'show', '--json')).output).toContain(`"pid": ${sluice.pid}`);
  expect((await cli('list', 'sites')).output).toMatch(new RegExp(`^main +1 +http/\\*:${sluice.port}: +4$`, 'm'));
  expect((await cli('site', 'show', 'main')).output).toMatch(/^main\/out +out +OutOfProcess +ready/m);
}, 180_000);

test('an application goes offline and comes back', async () => {
  expect(await cli('app', 'offline', 'main/narrow')).toMatchObject({ code: 0 });
  expect((await cli('app', 'list', '--pool', 'narrow')).output).toMatch(/^main\/narrow +narrow +InProcess +offline/m);
  expect((await sluice.call('/narrow/')).status).toBe(503);
  expect(await cli('app', 'online', 'main/narrow')).toMatchObject({ code: 0 });
  expect((await sluice.call('/narrow/')).status).toBe(200);
  expect(await cli('app', 'offline', 'main/none')).toMatchObject({ code: 1 });
}, 180_000);

test("appcmd's words do what they did, and the events tell of it", async () => {
  const events = startProgram(process.execPath, [sluiceMain, 'events', '--admin', sluice.adminSocket]);
  await until('events are followed', () => / hello Sluice /.test(events.output()), patiently);
  expect((await cli('list', 'apppool')).output).toMatch(/^narrow +Started/m);
  expect((await cli('list', 'apppools', '/state:Stopped')).output).not.toMatch(/Started/);
  expect((await cli('list', 'wp', '/apppool.name:out')).output).toMatch(/main\/out/);
  expect((await cli('list', 'apppool', 'out')).output).toMatch(/^out: Started/);
  expect(await cli('stop', 'apppool', '/apppool.name:out')).toMatchObject({ code: 0 });
  expect((await cli('list', 'apppool', '/state:Stopped')).output).toMatch(/^out +Stopped/m);
  expect((await cli('status')).output).toMatch(/pool out: stopped/);
  expect(await cli('start', 'apppool', 'out')).toMatchObject({ code: 0 });
  const told = [
    / worker-ended out: .* pool-stopped main\/out#1 pid \d+/,
    / receipt out: .* stop done/,
    / pool out Stopped/,
  ];
  for (const one of told) await until(`${one.source} is told`, () => one.test(events.output()), patiently);
  expect(events.output()).not.toMatch(/ sample /);
  await events.stop();
  expect(await cli('set', 'apppool', 'out')).toMatchObject({ code: 2, output: expect.stringContaining('sluice.yaml') });
}, 180_000);

test('the live view without a terminal says what else there is', async () => {
  expect(await cli('top')).toMatchObject({ code: 2, output: expect.stringContaining('sluice status') });
});

/** What stands on the screen: the frames drawn so far, without what moves the cursor and clears. */
function frames(screen: string): readonly (readonly string[])[] {
  // oxlint-disable-next-line no-control-regex
  return screen.split('\x1b[H').map((frame) => frame.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '').split(/\r+\n/));
}

const leaves = '\x1b[?25h\x1b[?1049l';
const view = (): readonly string[] => [process.execPath, sluiceMain, 'top', '--admin', sluice.adminSocket];
const terminalEnv = { ...process.env, TERM: 'xterm', NO_COLOR: '' };

testNeeding('python3')(
  'the live view takes single keys, follows the size of its terminal, and gives it back as it was',
  async () => {
    await sluice.call('/narrow/');
    const terminal = openTerminal(view(), { rows: 30, columns: 120, env: terminalEnv });
    try {
      await terminal.shows('\x1b[?1049h');
      await terminal.shows(/pools busy[\s\S]*sorted by requests\/s[\s\S]*narrow/);
      expect(terminal.screen()).toContain('\x1b[7m');
      terminal.type('s');
      await terminal.shows('sorted by cpu');
      const fits = (rows: number, columns: number): boolean =>
        (frames(terminal.screen()).at(-2) ?? []).every((line, row) => line.length <= columns && row < rows);
      expect(fits(10, 40)).toBe(false);
      terminal.resize(10, 40);
      await until('it is drawn in the new size', () => fits(10, 40), patiently);
      terminal.type('q');
      expect(await terminal.ended).toEqual({ code: 0, restored: true });
      expect(terminal.screen().endsWith(leaves)).toBe(true);
    } finally {
      terminal.close();
    }
  },
  180_000,
);

testNeeding('python3')(
  'a signal ends the live view and the terminal is given back; NO_COLOR holds there too',
  async () => {
    const terminal = openTerminal(view(), { env: { ...terminalEnv, NO_COLOR: '1' } });
    try {
      await terminal.shows('pools busy');
      terminal.signal(15);
      expect(await terminal.ended).toMatchObject({ restored: true });
      expect(terminal.screen().endsWith(leaves)).toBe(true);
      // oxlint-disable-next-line no-control-regex
      expect(terminal.screen()).not.toMatch(/\x1b\[\d+m/);
    } finally {
      terminal.close();
    }
  },
  180_000,
);

testNeeding('python3')(
  'tables have colours on a terminal, and none where NO_COLOR is set',
  async () => {
    for (const colour of ['', '1']) {
      const status = [process.execPath, sluiceMain, 'status', '--admin', sluice.adminSocket];
      const terminal = openTerminal(status, { env: { ...terminalEnv, NO_COLOR: colour } });
      expect(await terminal.ended).toMatchObject({ code: 0 });
      expect(terminal.screen()).toContain('Started');
      expect([colour, terminal.screen().includes('\x1b[32m')]).toEqual([colour, colour === '']);
    }
  },
  180_000,
);
