/** Whoever may do little, or nothing, at the admin listener takes nothing from those who may do more. */
import { EventEmitter, once } from 'node:events';
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as secureConnect } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { adminTcpConnectionsMax, adminTlsLookMs, eventStreamLimitMs } from '../../../config/base/admin-limits.js';
import type { LogFields, Logger } from '../../../config/base/logger.js';
import { AdminConnections } from '../../../server/admin/connections.js';
import type { CertificateView, ControlPlane } from '../../../server/admin/control-plane.js';
import { socketCaller } from '../../../server/admin/frame/caller.js';
import { RefusalRecords } from '../../../server/admin/frame/refusal-records.js';
import { hashOf } from '../../../server/admin/frame/secrets.js';
import { type AdminListeners, listenAdmin } from '../../../server/admin/listen.js';
import type { OpenedLog } from '../../../server/admin/log-views.js';
import type { SiteView } from '../../../server/admin/site-views.js';
import { adminSettings, adminWorld } from '../../support/admin-world.js';
import { openEvents } from '../../support/event-client.js';
import { freePort } from '../../support/free-port.js';
import { type Answer, type Call, call } from '../../support/http-client.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { TestAuthority } from '../../support/test-certificates.js';
import { until } from '../../support/time.js';

const tokens = { weak: 'w'.repeat(43), other: 'o'.repeat(43), third: 't'.repeat(43), root: 'r'.repeat(43) };
type Who = keyof typeof tokens;
const stop = '/api/v1/pools/a/stop';
const json = { 'content-type': 'application/json' };
const folder = tempFolder();
const records: { readonly event: string; readonly fields: LogFields }[] = [];
const note = (event: string, fields: LogFields = {}): void => void records.push({ event, fields });
const log: Logger = { debug: note, info: note, warn: note, error: note };
const clock = new ManualClock();
const { control: played } = adminWorld();

const certificate = (kind: CertificateView['kind'], host: string, file: string): CertificateView => {
  return { kind, host, file, names: [], notBeforeMs: 1, notAfterMs: 2, state: 'good', problem: '', order: null };
};
const sites = played.sites().flatMap((site): readonly SiteView[] =>
  site.applications.map((one, id) => {
    const common = { site: one.pool, address: '*', port: 443, protocol: 'https', http2: true } as const;
    const bindings = [
      { ...common, host: '', certificate: 'pem', certificateFile: `/${one.pool}.pem`, clientCertificates: 'off' },
      { ...common, host: `*.${one.pool}.test`, certificate: 'acme', certificateFile: '', clientCertificates: 'off' },
    ];
    return { ...site, id, name: one.pool, bindings, applications: [one] };
  }),
);
let openLog: () => Promise<OpenedLog> = async () => ({ last: [], position: () => '', close: () => undefined });
const control: ControlPlane = {
  ...played,
  sites: () => sites,
  logs: { open: () => openLog() },
  certificates: () => [
    certificate('pem', '', '/a.pem'),
    certificate('pem', '', '/b.pem'),
    certificate('acme', 'www.a.test', '/issued-a'),
    certificate('acme', 'www.b.test', '/issued-b'),
  ],
};
let port: number;
let admin: AdminListeners;

beforeAll(async () => {
  port = await freePort();
  const token = (name: Who, role: 'viewer' | 'admin', pools: readonly string[] | 'all') => {
    return { name, hash: hashOf(tokens[name]), role, pools };
  };
  const weak = (['weak', 'other', 'third'] as const).map((name) => token(name, 'viewer', ['a']));
  const settings = adminSettings({
    listen: { host: '127.0.0.1', port },
    socket: join(folder, 'admin.sock'),
    tokens: [...weak, token('root', 'admin', 'all')],
  });
  admin = await listenAdmin(control, { clock, log, settings: () => settings });
});

beforeEach(() => {
  clock.advance(eventStreamLimitMs);
  records.length = 0;
});

afterAll(async () => {
  await admin.close();
  removeFolder(folder);
});

const bearer = (who: Who): Record<string, string> => ({ authorization: `Bearer ${tokens[who]}` });

function ask(path: string, who: Who | null, how: Call = {}): Promise<Answer> {
  return call(port, path, { ...how, headers: { ...(who === null ? {} : bearer(who)), ...how.headers } });
}

function signIn(who: Who): Promise<Answer> {
  return ask('/api/v1/session', null, { method: 'POST', headers: json, body: JSON.stringify({ token: tokens[who] }) });
}

async function sessionOf(who: Who): Promise<Record<string, string>> {
  const answer = await signIn(who);
  const { secret } = JSON.parse(answer.text) as { secret: string };
  return { cookie: String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '', 'x-sluice-session': secret };
}

const isIn = async (headers: Record<string, string>): Promise<boolean> =>
  (await ask('/api/v1/session', null, { headers })).status === 200;

describe('the log of changes', () => {
  test('keeps what was done, however much is refused beside it', async () => {
    for (let index = 0; index < 25; index += 1) {
      const from = `127.0.0.${2 + index}`;
      await ask(stop, null, { method: 'POST', from, headers: { origin: 'http://attacker.test' } });
      await ask('/api/v1/session', null, { method: 'POST', from, headers: json, body: '{}' });
      await ask(stop, 'weak', { method: 'POST' });
    }
    expect(records.every(({ event }) => event === 'admin-refused')).toBe(true);
    // Everybody without a name on this machine is one, and so is every token.
    expect(records).toHaveLength(40);
    await ask(stop, 'root', { method: 'POST' });
    expect(records.at(-1)).toMatchObject({ event: 'admin-change', fields: { caller: 'root', target: 'name=a' } });
    clock.advance(60_000);
    await ask(stop, null, { method: 'POST', headers: { origin: 'http://attacker.test' } });
    expect(records.at(-1)?.fields).toMatchObject({ problem: 'foreign-page' });
    expect(records.reduce((sum, { fields }) => sum + Number(fields['leftOut'] ?? 0), 0)).toBe(35);
  });

  test('is not filled by somebody with a whole network either', () => {
    const refusals = new RefusalRecords(clock);
    const written = (address: (index: number) => string): number =>
      Array.from({ length: 500 }, (_, index) => refusals.next(null, address(index))).filter((one) => one !== null)
        .length;
    expect(written((index) => `2001:db8:1:1::${index.toString(16)}`)).toBe(20);
    expect(written((index) => `2001:db8:${index.toString(16)}::1`)).toBe(80);
    // The 480 of the first network were told with the first record of the second.
    expect(refusals.next({ ...socketCaller, name: 'root' }, '')).toBe(420);
  });

  test('names who signed in, and what an order was about beside its path', async () => {
    await signIn('weak');
    await ask('/api/v1/workers/9/profile?seconds=3', 'root', { method: 'POST' });
    await ask('/api/v1/workers/9/dump?kind=heap', 'root', { method: 'POST' });
    const body = JSON.stringify({ file: 'sites/a.yaml', text: '', hash: '*' });
    await ask('/api/v1/config/apply', 'root', { method: 'POST', headers: json, body });
    expect(records.map(({ fields }) => [fields['caller'], fields['target']])).toEqual([
      ['weak', ''],
      ['root', 'id=9 kind=cpu seconds=3'],
      ['root', 'id=9 kind=heap'],
      ['root', 'file=sites/a.yaml'],
    ]);
  });
});

describe('a token of one pool', () => {
  test('signs in as often as it likes and ends its own sessions alone', async () => {
    const [rooted, first] = [await sessionOf('root'), await sessionOf('weak')];
    const statuses = new Map<number, number>();
    for (let index = 0; index < 65; index += 1) {
      const { status } = await signIn('weak');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([
      [200, 59],
      [429, 6],
    ]);
    expect(await isIn(first)).toBe(false);
    expect(await isIn(rooted)).toBe(true);
    expect((await signIn('root')).status).toBe(200);
  });

  test.each([
    ['/api/v1/events', 16],
    ['/api/v1/logs?follow=1&pool=a', 8],
  ])('has some of the streams of %s, and the last ones are for admins', async (path, most) => {
    const open = async (who: Who): Promise<number> => {
      const client = await openEvents(port, bearer(who), path);
      opened.push(client);
      return client.status;
    };
    const opened: Awaited<ReturnType<typeof openEvents>>[] = [];
    for (const who of ['weak', 'other', 'third'] as const) {
      for (let index = 0; index < most; index += 1) expect([who, index, await open(who)]).toEqual([who, index, 200]);
    }
    expect([await open('weak'), await open('other')]).toEqual([503, 503]);
    expect(await open('root')).toBe(200);
    // Rights are looked at again: every stream ends, and gives its place back.
    clock.advance(eventStreamLimitMs);
    await until('all have ended', () => opened.every((one) => !one.isOpen()));
    expect(await open('weak')).toBe(200);
    for (const one of opened) one.close();
  });

  test('sees of node and certificates what concerns its pool', async () => {
    const node = JSON.parse((await ask('/api/v1/nodes/self', 'weak')).text) as object;
    expect(node).toMatchObject({ state: 'ready', sites: 1, applications: 1, pools: 1 });
    expect(node).toMatchObject({ configuration: { file: '', version: '' } });
    const listed = async (who: Who): Promise<string[]> => {
      const answer = JSON.parse((await ask('/api/v1/certificates', who)).text) as { certificates: CertificateView[] };
      return answer.certificates.map(({ file }) => file);
    };
    expect(await listed('weak')).toEqual(['/a.pem', '/issued-a']);
    expect(await listed('root')).toHaveLength(4);
  });
});

test('a log that was opened for a client which has left meanwhile is closed', async () => {
  let given: (log: OpenedLog) => void = () => undefined;
  let isAsked = false;
  let isClosed = false;
  openLog = () => {
    isAsked = true;
    return new Promise((resolve) => {
      given = resolve;
    });
  };
  const client = connect(port, '127.0.0.1');
  const fields = `Host: localhost\r\nAuthorization: Bearer ${tokens.weak}\r\n`;
  client.write(`GET /api/v1/logs?follow=1&pool=a HTTP/1.1\r\n${fields}\r\n`);
  await until('the log is being opened', () => isAsked);
  client.destroy();
  await once(client, 'close');
  // The server has read the end of it before it reads a request that came later.
  expect((await ask('/livez', null)).status).toBe(200);
  given({
    last: [],
    position: () => '',
    close: () => {
      isClosed = true;
    },
  });
  await until('it is closed', () => isClosed);
});

test('idle connections beyond the limit close each other: probes are answered, streams stay', async () => {
  const stream = await openEvents(port, bearer('root'));
  let closed = 0;
  const idle: Socket[] = [];
  for (let index = 0; index < adminTcpConnectionsMax + 40; index += 1) {
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${1 + (index % 200)}` });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      closed += 1;
    });
    await once(socket, 'connect');
    idle.push(socket);
  }
  expect((await ask('/livez', null)).status).toBe(200);
  await until('the oldest ones are closed', () => closed >= 40);
  expect(stream.isOpen()).toBe(true);
  stream.close();
  for (const socket of idle) socket.destroy();
});

test('whoever has the most connections loses the oldest, an idle one first', () => {
  const server = new EventEmitter();
  const connections = new AdminConnections(4);
  connections.watch(server as Server);
  const gone: string[] = [];
  const open = (remoteAddress: string, remotePort: number): Socket => {
    const destroy = (): void => void gone.push(`${remoteAddress}:${remotePort}`);
    const socket = Object.assign(new EventEmitter(), { remoteAddress, remotePort, destroy });
    server.emit('connection', socket);
    return socket as unknown as Socket;
  };
  const ask = (socket: Socket): EventEmitter => {
    const response = new EventEmitter();
    server.emit('request', { socket }, response);
    return response;
  };
  const admin = open('127.0.0.1', 1);
  connections.belongsTo(admin, 'root');
  const first = ask(open('127.0.0.1', 2));
  open('127.77.0.1', 3);
  open('192.0.2.1', 4);
  open('::1', 5);
  expect(gone).toEqual(['127.77.0.1:3']);
  ask(open('::ffff:127.0.0.9', 6));
  expect(gone.slice(1)).toEqual(['::1:5']);
  // All of the greediest are busy: the oldest goes, unless it has become idle meanwhile.
  first.emit('close');
  open('127.0.0.1', 7);
  expect(gone.slice(2)).toEqual(['127.0.0.1:2']);
});

test('a renewed certificate is served without a restart, and a broken one is not', async () => {
  const authority = new TestAuthority(join(folder, 'tls'));
  const [old, fresh] = ['old.test', 'new.test'].map((name) => authority.issue({ names: [name] }));
  if (old === undefined || fresh === undefined) throw new Error('no certificates');
  const tls = { certFile: join(folder, 'admin.pem'), keyFile: join(folder, 'admin.key') };
  const install = (from: string, to: string): void => {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  };
  install(old.certFile, tls.certFile);
  install(old.keyFile, tls.keyFile);
  const at = await freePort();
  const settings = adminSettings({ listen: { host: '127.0.0.1', port: at }, socket: join(folder, 'b.sock'), tls });
  const secure = await listenAdmin(control, { clock, log, settings: () => settings });
  const served = (): string => secure.certificate()?.leaf?.subject ?? '';
  const shown = async (): Promise<string> => {
    const socket = secureConnect({
      port: at,
      host: '127.0.0.1',
      ca: authority.pem,
      checkServerIdentity: () => undefined,
    });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  };
  expect(await shown()).toBe('old.test');
  writeFileSync(tls.certFile, 'half of a certifi');
  clock.advance(adminTlsLookMs);
  await until('it is refused', () => secure.certificate()?.problem !== '');
  expect(await shown()).toBe('old.test');
  install(fresh.keyFile, tls.keyFile);
  install(fresh.certFile, tls.certFile);
  await until('it is looked at', () => {
    clock.advance(adminTlsLookMs);
    return served() === 'CN=new.test';
  });
  expect(secure.certificate()?.problem).toBe('');
  expect(await shown()).toBe('new.test');
  await secure.close();
});
