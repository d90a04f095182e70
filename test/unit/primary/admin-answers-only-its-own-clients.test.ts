import { once } from 'node:events';
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../config/base/logger.js';
import type { PoolView } from '../../../pools/supervisor/ports.js';
import type { ControlPlane, OperationView, ReadinessCheck } from '../../../server/admin/control-plane.js';
import { isOwnHost } from '../../../server/admin/host-check.js';
import { type AdminListeners, listenAdmin } from '../../../server/admin/listen.js';
import { freePort } from '../../support/free-port.js';
import { call, callJson } from '../../support/http-client.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

let reopened = 0;
let checks: ReadinessCheck[];
let folder: string;
let socket: string;
let port: number;
let admin: AdminListeners | null;
const operation: OperationView = {
  id: 5,
  action: 'pool recycle',
  target: 'a',
  pool: 'a',
  state: 'running',
  startedAtMs: 1,
  endedAtMs: 0,
  error: null,
  receipts: [],
  file: '',
};
const pool: PoolView = {
  name: 'a',
  state: 'Started',
  stoppedReason: '',
  applications: [
    {
      id: 'main/',
      site: 'main',
      path: '/',
      hostingModel: 'InProcess',
      state: 'failed',
      problem: '500.30 exited-early: the app ended: Error: secret',
      spare: 'none',
      failure: {
        atMs: 1,
        status: '500.30',
        code: 'exited-early',
        cause: 'the app ended: Error: secret',
        remedy: '',
        attempts: 1,
        journey: [],
        outputTail: 'secret',
      },
    },
  ],
  workers: [],
  restarts: 1,
  obituaries: [
    {
      atMs: 1,
      startedAtMs: 1,
      applicationId: 'main/',
      workerId: 1,
      slot: 1,
      generation: 1,
      pid: 7,
      code: 1,
      signal: null,
      reason: 'exit',
      cause: '',
      eventId: 5009,
      inFlight: 1,
      how: 'with exit code 1',
      requestsInFlight: ['GET /?token=secret'],
      suspects: ['GET /?token=secret'],
      outputTail: 'secret',
      journey: [],
      attachments: [{ kind: 'stack', text: 'secret', file: '' }],
    },
  ],
  receipts: [
    {
      id: 1,
      atMs: 1,
      durationMs: 1,
      kind: 'restart',
      cause: 'exit',
      outcome: 'done',
      applicationId: 'main/',
      slot: 1,
      old: { workerId: 1, generation: 1, pid: 7, ended: 'exit' },
      successor: null,
      requests: { inFlight: 1, drained: 0, late: 0, retried: 0, cut: 1, socketsNoticed: 0 },
      eventId: 5009,
      attachments: [{ kind: 'stack', text: 'secret', file: '' }],
    },
  ],
};
const noActions: ControlPlane['actions'] = {
  orderPool: () => operation,
  orderWorker: () => operation,
  operation: (id) => (id === operation.id ? operation : null),
};
const control: ControlPlane = {
  version: '0.0.0',
  pools: () => [pool],
  pool: (name) => (name === pool.name ? pool : null),
  actions: noActions,
  certificates: () => [],
  readiness: () => checks,
  isStarted: () => true,
  reopenLogs: async () => {
    reopened += 1;
  },
  metrics: async () => 'a_metric 1\n',
};

beforeEach(async () => {
  checks = [{ name: 'sockets', ok: true, detail: '' }];
  folder = tempFolder();
  socket = join(folder, 'admin.sock');
  port = await freePort();
  admin = null;
});

afterEach(async () => {
  await admin?.close();
  removeFolder(folder);
});

async function open(): Promise<void> {
  admin = await listenAdmin({ listen: { host: '127.0.0.1', port }, socket }, control, silentLogger);
}

describe('the socket', () => {
  test('only its owner may open it, and it goes with the server', async () => {
    await open();
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect((await call(socket, '/livez')).text).toBe('ok\n');
    await admin?.close();
    expect(existsSync(socket)).toBe(false);
  });

  test('a stale one is replaced', async () => {
    const dead = createServer().listen(join(folder, 'moved'));
    await once(dead, 'listening');
    // A socket file whose server is gone, as after SIGKILL: the name outlives the close.
    const { renameSync } = await import('node:fs');
    renameSync(join(folder, 'moved'), socket);
    dead.close();
    await once(dead, 'close');
    expect(existsSync(socket)).toBe(true);
    await open();
    expect((await call(socket, '/livez')).status).toBe(200);
  });

  test('one that another server answers is an error', async () => {
    const other = createServer().listen(socket);
    await once(other, 'listening');
    await expect(open()).rejects.toThrow('another server answers');
    other.close();
    await once(other, 'close');
  });

  test('another file is never removed', async () => {
    writeFileSync(socket, 'precious');
    chmodSync(socket, 0o600);
    await expect(open()).rejects.toThrow('is not a socket');
    expect(statSync(socket).size).toBe(8);
  });
});

describe('answers', () => {
  test('readiness is 503 with a reason until every check is ok', async () => {
    await open();
    for (const path of ['/readyz', '/healthz', '/health']) expect((await call(port, path)).status).toBe(200);
    checks = [...checks, { name: 'pools', ok: false, detail: 'still starting' }];
    expect(await call(port, '/readyz')).toMatchObject({ status: 503, text: 'not ready\n' });
    expect((await call(port, '/readyz?verbose')).text).toBe('[+] sockets\n[-] pools: still starting\nnot ready\n');
    expect((await call(port, '/livez')).status).toBe(200);
  });

  test('metrics come with the type that Prometheus reads', async () => {
    await open();
    const answer = await call(port, '/metrics');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.text).toBe('a_metric 1\n');
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is refused', async (method) => {
    await open();
    expect(await call(port, '/livez', { method })).toMatchObject({ status: 405 });
  });

  test('a failure inside tells nothing of it', async () => {
    admin = await listenAdmin(
      { listen: { host: '127.0.0.1', port }, socket },
      {
        ...control,
        metrics: () => Promise.reject(new Error('secret path /etc/x')),
      },
      silentLogger,
    );
    const answer = await call(port, '/metrics');
    expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('internal error') });
    expect(answer.text).not.toContain('secret');
  });

  test('a Host that is no name of this machine is refused on TCP, before routing', async () => {
    await open();
    expect((await call(port, '/livez', { host: 'attacker.test' })).status).toBe(421);
    expect((await call(port, '/nowhere', { host: 'localhost.attacker.test' })).status).toBe(421);
    expect((await call(port, '/livez', { host: `localhost:${port}` })).status).toBe(200);
    expect((await call(socket, '/livez', { host: 'anything' })).status).toBe(200);
  });

  test('what tenants printed and were asked is told on the socket only', async () => {
    await open();
    expect((await callJson(socket, '/api/v1/pools')) as unknown).toEqual({ pools: [pool] });
    const { text } = await call(port, '/api/v1/pools');
    expect(text).not.toContain('secret');
    const words = ['how', 'requestsInFlight', 'suspects', 'outputTail', 'attachments'];
    const applications = pool.applications.map(({ failure: _failure, ...one }) => {
      return { ...one, problem: '500.30 exited-early' };
    });
    const told = JSON.parse(
      JSON.stringify({ ...pool, applications }, (key, value: unknown) => (words.includes(key) ? undefined : value)),
    ) as unknown;
    expect(JSON.parse(text)).toEqual({ pools: [told] });
  });

  test('logs are reopened through the socket, never over TCP', async () => {
    await open();
    const path = '/api/v1/logs/reopen';
    expect((await call(port, path, { method: 'POST' })).status).toBe(403);
    expect((await call(socket, path)).status).toBe(405);
    expect((await call(socket, '/api/v1/pools', { method: 'POST' })).status).toBe(405);
    expect(reopened).toBe(0);
    expect((await call(socket, path, { method: 'POST' })).status).toBe(204);
    expect(reopened).toBe(1);
  });

  test('a body is not read', async () => {
    await open();
    const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/livez', method: 'POST', agent: false });
    outgoing.on('error', () => undefined);
    outgoing.write('x'.repeat(100));
    const [answer] = (await once(outgoing, 'response')) as [{ statusCode: number; resume(): void }];
    expect(answer.statusCode).toBe(405);
    answer.resume();
    outgoing.destroy();
  });
});

test.each([
  ['localhost', true],
  ['LOCALHOST.:9900', true],
  ['127.0.0.1:9900', true],
  ['[::1]:9900', true],
  ['10.1.2.3', true],
  ['box.internal', true],
  ['box.internal.attacker.test', false],
  ['127.0.0.1.attacker.test', false],
  ['attacker.test', false],
  ['[attacker.test]', false],
  ['', false],
])('Host %s is ours: %s', (host, ours) => {
  expect(isOwnHost(host, ['box.internal'])).toBe(ours);
});
