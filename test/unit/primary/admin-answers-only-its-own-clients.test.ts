import { once } from 'node:events';
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../config/base/logger.js';
import { isOwnHost } from '../../../server/admin/host-check.js';
import { type AdminListeners, listenAdmin } from '../../../server/admin/listen.js';
import { systemClock } from '../../../server/primary/clock.js';
import { type AdminWorld, adminSettings, adminWorld } from '../../support/admin-world.js';
import { freePort } from '../../support/free-port.js';
import { call, callJson } from '../../support/http-client.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

let world: AdminWorld;
let folder: string;
let socket: string;
let port: number;
let admin: AdminListeners | null;
beforeEach(async () => {
  world = adminWorld();
  folder = tempFolder();
  socket = join(folder, 'admin.sock');
  port = await freePort();
  admin = null;
});

afterEach(async () => {
  await admin?.close();
  removeFolder(folder);
});

async function open(control = world.control): Promise<void> {
  const settings = adminSettings({ listen: { host: '127.0.0.1', port }, socket });
  admin = await listenAdmin(control, { clock: systemClock, log: silentLogger, settings: () => settings });
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

  test('opens when TCP is open: who finds the server ready there finds all of it', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    socket = join(folder, 'missing', 'admin.sock');
    await expect(open()).rejects.toMatchObject({ code: 'admin-listen' });
    other.close();
    await once(other, 'close');
    await expect(open()).rejects.toMatchObject({ code: 'admin-socket' });
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
    world.checks.push({ name: 'pools', ok: false, detail: 'still starting' });
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
    await open({ ...world.control, metrics: () => Promise.reject(new Error('secret path /etc/x')) });
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

  test('pools are told whole on the socket, and to nobody without a token', async () => {
    await open();
    expect(await callJson(socket, '/api/v1/pools')).toEqual({ pools: world.control.pools() });
    const refused = await call(port, '/api/v1/pools');
    expect(refused).toMatchObject({ status: 401, text: expect.stringContaining('sluice admin token') });
    expect(refused.text).not.toContain('secret');
  });

  test('logs are reopened through the socket, never over TCP', async () => {
    await open();
    const path = '/api/v1/logs/reopen';
    expect((await call(port, path, { method: 'POST' })).status).toBe(401);
    expect((await call(socket, path)).status).toBe(405);
    expect((await call(socket, '/api/v1/pools', { method: 'POST' })).status).toBe(405);
    expect(world.reopened()).toBe(0);
    expect((await call(socket, path, { method: 'POST' })).status).toBe(204);
    expect(world.reopened()).toBe(1);
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
