import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { LogFields, Logger } from '../../../config/base/logger.js';
import { sessionLimitMs } from '../../../config/base/admin-limits.js';
import type { AdminConfig } from '../../../config/model.js';
import { hashOf } from '../../../server/admin/frame/secrets.js';
import { type AdminListeners, listenAdmin } from '../../../server/admin/listen.js';
import { type AdminWorld, adminSettings, adminWorld } from '../../support/admin-world.js';
import { freePort } from '../../support/free-port.js';
import { type Answer, type Call, call } from '../../support/http-client.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const tokens = { viewer: 'v'.repeat(43), operator: 'o'.repeat(43), admin: 'a'.repeat(43) };
const stop = '/api/v1/pools/a/stop';
const folder = tempFolder();
const records: { readonly event: string; readonly fields: LogFields }[] = [];
let clock: ManualClock;
let port: number;
let settings: AdminConfig;
let world: AdminWorld;
let admin: AdminListeners;

const note = (event: string, fields: LogFields = {}): void => void records.push({ event, fields });
const log: Logger = { debug: note, info: note, warn: note, error: note };

beforeAll(async () => {
  port = await freePort();
  clock = new ManualClock();
  world = adminWorld();
  settings = adminSettings({ listen: { host: '127.0.0.1', port }, socket: join(folder, 'admin.sock') });
  admin = await listenAdmin(world.control, { clock, log, settings: () => settings });
});

beforeEach(() => {
  records.length = 0;
  world.orders.length = 0;
  // Every budget is full again.
  clock.advance(3_600_000);
  settings = {
    ...settings,
    hosts: [],
    metricsTokenHash: '',
    tokens: [
      { name: 'look', hash: hashOf(tokens.viewer), role: 'viewer', pools: 'all' },
      { name: 'shop', hash: hashOf(tokens.operator), role: 'operator', pools: ['a'] },
      { name: 'root', hash: hashOf(tokens.admin), role: 'admin', pools: 'all' },
    ],
  };
});

afterAll(async () => {
  await admin.close();
  removeFolder(folder);
});

function ask(path: string, token: string | null, how: Call = {}): Promise<Answer> {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  return call(port, path, { ...how, headers: { ...authorization, ...how.headers } });
}

function codeOf(answer: Answer): unknown {
  return (JSON.parse(answer.text) as { error: { code: unknown } }).error.code;
}

interface SignedIn {
  readonly cookie: string;
  readonly secret: string;
}

const json = { 'content-type': 'application/json' };
const bearer = { authorization: `Bearer ${tokens.admin}` };
/** There is none here: a browser that asks for one is refused as any other page. */
const webSocket = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};

async function signIn(body: unknown = { code: newCode() }, headers: Record<string, string> = {}): Promise<SignedIn> {
  const answer = await ask('/api/v1/session', null, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...json, ...headers },
  });
  expect(answer.status).toBe(200);
  const cookie = String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '';
  return { cookie, secret: (JSON.parse(answer.text) as { secret: string }).secret };
}

function newCode(): string {
  return admin.dashboardLink().split('#code=')[1] ?? '';
}

function fieldsOf({ cookie, secret }: SignedIn): Record<string, string> {
  return { cookie, 'x-sluice-session': secret, origin: `http://127.0.0.1:${port}` };
}

describe('who may come in over TCP', () => {
  test.each(['/api/v1/pools', '/api/v1/pools/a', '/api/v1/workers', '/api/v1/openapi.json', '/api/v1/session'])(
    'GET %s needs a token',
    async (path) => {
      expect((await ask(path, null)).status).toBe(401);
      expect((await ask(path, 'x'.repeat(43))).status).toBe(401);
      expect((await ask(path, tokens.viewer)).status).toBe(200);
    },
  );

  test('without any token configured the answer is the command that makes one', async () => {
    settings = { ...settings, tokens: [] };
    const answer = await ask('/api/v1/pools', tokens.admin);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="sluice"');
    expect(answer.text).toContain('sluice admin token');
  });

  test('a token that was removed from the configuration lets in no more, nor does its session', async () => {
    const session = await signIn({ token: tokens.admin });
    expect((await ask('/api/v1/pools', null, { headers: fieldsOf(session) })).status).toBe(200);
    settings = { ...settings, tokens: settings.tokens.slice(0, 2) };
    expect((await ask('/api/v1/pools', tokens.admin)).status).toBe(401);
    expect((await ask('/api/v1/pools', null, { headers: fieldsOf(session) })).status).toBe(401);
  });

  test('a token counts in its field only, never in the URL, a form or a cookie', async () => {
    expect((await ask(`/api/v1/pools?token=${tokens.admin}&access_token=${tokens.admin}`, null)).status).toBe(401);
    expect((await ask('/api/v1/pools', null, { headers: { cookie: `token=${tokens.admin}` } })).status).toBe(401);
    const basic = Buffer.from(`root:${tokens.admin}`).toString('base64');
    expect((await ask('/api/v1/pools', null, { headers: { authorization: `Basic ${basic}` } })).status).toBe(401);
  });

  test('health needs none, metrics only where one is configured', async () => {
    for (const path of ['/livez', '/readyz', '/startupz', '/metrics']) expect((await ask(path, null)).status).toBe(200);
    settings = { ...settings, metricsTokenHash: hashOf('m'.repeat(43)) };
    expect((await ask('/metrics', null)).status).toBe(401);
    expect((await ask('/metrics', 'm'.repeat(43))).status).toBe(200);
    expect((await ask('/metrics', tokens.viewer)).status).toBe(200);
    const limited = await ask('/metrics', tokens.operator);
    expect([limited.status, limited.text]).toEqual([403, expect.stringContaining('wrong-pool')]);
    expect((await ask('/api/v1/pools', 'm'.repeat(43))).status).toBe(401);
    expect((await ask('/readyz', null)).status).toBe(200);
  });

  test('no token is in any record or answer', async () => {
    await ask(stop, tokens.admin, { method: 'POST' });
    await ask(stop, 'w'.repeat(43), { method: 'POST' });
    await signIn({ token: tokens.admin });
    const all = JSON.stringify(records) + (await ask('/api/v1/session', tokens.admin)).text;
    for (const secret of [...Object.values(tokens), 'w'.repeat(43)]) expect(all).not.toContain(secret);
  });
});

describe('what they may do', () => {
  test.each([
    [tokens.viewer, stop, 403, 'wrong-role'],
    [tokens.operator, '/api/v1/pools/b/stop', 403, 'wrong-pool'],
    [tokens.operator, '/api/v1/workers/9/stop', 403, 'wrong-pool'],
    [tokens.operator, '/api/v1/logs/reopen', 403, 'wrong-role'],
    [tokens.admin, '/api/v1/session/codes', 403, 'socket-only'],
  ])('%s: POST %s is refused', async (token, path, status, code) => {
    const answer = await ask(path, token, { method: 'POST' });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(world.orders).toEqual([]);
  });

  test('an operator of one pool acts on it and sees no other', async () => {
    expect((await ask(stop, tokens.operator, { method: 'POST' })).status).toBe(202);
    expect(world.orders).toEqual(['stop a']);
    const { pools } = JSON.parse((await ask('/api/v1/pools', tokens.operator)).text) as { pools: { name: string }[] };
    expect(pools.map(({ name }) => name)).toEqual(['a']);
    expect((await ask('/api/v1/pools/b', tokens.operator)).status).toBe(403);
    expect((await ask('/api/v1/operations/5', tokens.operator)).status).toBe(200);
    expect((await ask('/api/v1/operations/999', tokens.operator)).status).toBe(403);
    // What is not about one pool needs a token for all.
    expect((await ask('/api/v1/config/files', tokens.operator)).status).toBe(403);
  });

  test('every change is recorded: who, from where, what, and what became of it', async () => {
    await ask(stop, tokens.admin, { method: 'POST' });
    await ask(stop, tokens.viewer, { method: 'POST' });
    await ask('/api/v1/pools/a', tokens.viewer);
    const about = { address: '127.0.0.1', method: 'POST', route: '/api/v1/pools/:name/stop', target: 'name=a' };
    expect(records).toEqual([
      {
        event: 'admin-change',
        fields: { ...about, caller: 'root', role: 'admin', via: 'token', status: 202, problem: '' },
      },
      {
        event: 'admin-refused',
        fields: { ...about, caller: 'look', role: 'viewer', via: 'token', status: 403, problem: 'wrong-role' },
      },
    ]);
  });

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s changes nothing', async (method) => {
    expect((await ask(stop, tokens.admin, { method })).status).toBe(405);
    expect((await ask(`${stop}?_method=POST`, tokens.admin, { method })).status).toBe(405);
    const override = { 'x-http-method-override': 'POST' };
    expect((await ask(stop, tokens.admin, { method, headers: override })).status).toBe(405);
    expect(world.orders).toEqual([]);
  });
});

describe('browsers', () => {
  test.each([
    [{ origin: 'http://attacker.test' }],
    [{ origin: 'null' }],
    [{ origin: 'http://127.0.0.1' }],
    [{ origin: 'http://localhost:1' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('a page of others is refused: %j', async (headers) => {
    const session = fieldsOf(await signIn());
    for (const [path, how] of [
      ['/api/v1/pools', {}],
      [stop, { method: 'POST' }],
      ['/api/v1/session', { method: 'POST', body: JSON.stringify({ code: newCode() }) }],
      ['/api/v1/events', {}],
      ['/api/v1/logs?follow=1', {}],
      ['/api/v1/events', { headers: { ...webSocket, ...bearer } }],
    ] as const) {
      const more = 'headers' in how ? how.headers : {};
      const answer = await ask(path, null, { ...how, headers: { ...session, ...json, ...more, ...headers } });
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 403, 'foreign-page']);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    expect(world.orders).toEqual([]);
  });

  test('a preflight gets no leave', async () => {
    const headers = { origin: 'http://attacker.test', 'access-control-request-method': 'POST' };
    const answer = await ask(stop, null, { method: 'OPTIONS', headers });
    expect(answer.status).toBe(405);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('a session acts from our own page, and not without Origin', async () => {
    const session = fieldsOf(await signIn());
    expect((await ask(stop, null, { method: 'POST', headers: session })).status).toBe(202);
    const { origin: _origin, ...bare } = session;
    expect((await ask(stop, null, { method: 'POST', headers: bare })).status).toBe(403);
    const sent = { ...bare, 'sec-fetch-site': 'same-origin' };
    expect((await ask(stop, null, { method: 'POST', headers: sent })).status).toBe(202);
  });

  test('the cookie alone, or with the secret of another page, is nothing: applications on other ports get it too', async () => {
    const [one, other] = [await signIn(), await signIn()];
    for (const stolen of [{ cookie: one.cookie }, fieldsOf({ cookie: one.cookie, secret: other.secret })]) {
      expect((await ask('/api/v1/pools', null, { headers: stolen })).status).toBe(401);
      expect((await ask(stop, null, { method: 'POST', headers: stolen })).status).toBe(401);
    }
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a'])(
    'what a form can send is no sign-in and no order: %s',
    async (type) => {
      const how = { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify({ token: tokens.admin }) };
      expect((await ask('/api/v1/session', null, how)).status).toBe(415);
      expect((await ask(stop, tokens.admin, how)).status).toBe(415);
      expect(world.orders).toEqual([]);
    },
  );

  test('a Host that is not ours is refused before anything else', async () => {
    for (const host of ['attacker.test', `attacker.test:${port}`, 'localhost.attacker.test', '127.0.0.1.nip.test']) {
      for (const path of ['/livez', '/metrics', '/api/v1/pools', '/ui/', '/nowhere']) {
        expect([host, path, (await ask(path, tokens.admin, { host })).status]).toEqual([host, path, 421]);
      }
    }
    settings = { ...settings, hosts: ['admin.internal'] };
    expect((await ask('/livez', null, { host: 'Admin.Internal:9900' })).status).toBe(200);
  });

  test('every answer forbids frames, inline scripts, sniffing and storing', async () => {
    for (const path of ['/livez', '/api/v1/pools', '/nowhere', stop]) {
      const { headers } = await ask(path, null);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
    }
  });
});

describe('the link to the dashboard', () => {
  test('signs in once and sets a cookie that scripts and other sites cannot use', async () => {
    const code = newCode();
    expect(admin.dashboardLink()).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/ui/#code=[\\w-]{43}$`));
    const how = { method: 'POST', body: JSON.stringify({ code }), headers: json };
    const first = await ask('/api/v1/session', null, how);
    expect(first.status).toBe(200);
    expect(String(first.headers['set-cookie'])).toMatch(
      new RegExp(`^sluice-session-${port}=[\\w-]{43}; Path=/api/; Max-Age=43200; HttpOnly; SameSite=Strict$`),
    );
    const again = await ask('/api/v1/session', null, how);
    expect([again.status, codeOf(again)]).toEqual([401, 'login-failed']);
  });

  test('a session begins with new secrets, whatever the browser brought', async () => {
    const fixed = `sluice-session-${port}=${'f'.repeat(43)}`;
    const session = await signIn({ code: newCode() }, { cookie: fixed });
    expect(session.cookie).not.toBe(fixed);
    const planted = fieldsOf({ cookie: fixed, secret: session.secret });
    expect((await ask('/api/v1/pools', null, { headers: planted })).status).toBe(401);
  });

  test('another server on this host, which the browser sends the cookies of too, keeps its session', async () => {
    const host = 'localhost:1234';
    const [own, other] = [await signIn(), await signIn({ code: newCode() }, { host })];
    const cookie = `${other.cookie}; ${own.cookie}`;
    expect((await ask('/api/v1/pools', null, { headers: fieldsOf({ ...own, cookie }) })).status).toBe(200);
    const there = { cookie, 'x-sluice-session': other.secret, origin: `http://${host}`, host };
    expect((await ask('/api/v1/session', null, { method: 'DELETE', headers: there })).status).toBe(204);
    expect((await ask('/api/v1/pools', null, { headers: there })).status).toBe(401);
    expect((await ask('/api/v1/pools', null, { headers: fieldsOf({ ...own, cookie }) })).status).toBe(200);
  });

  test('codes and sessions end by time, sessions by signing out', async () => {
    const code = newCode();
    const [leaving, staying] = [fieldsOf(await signIn()), fieldsOf(await signIn())];
    expect((await ask('/api/v1/session', null, { method: 'DELETE', headers: leaving })).status).toBe(204);
    expect((await ask('/api/v1/pools', null, { headers: leaving })).status).toBe(401);
    expect((await ask('/api/v1/pools', null, { headers: staying })).status).toBe(200);
    clock.advance(sessionLimitMs + 1);
    expect((await ask('/api/v1/pools', null, { headers: staying })).status).toBe(401);
    const late = { method: 'POST', body: JSON.stringify({ code }), headers: json };
    expect((await ask('/api/v1/session', null, late)).status).toBe(401);
  });
});

describe('floods and bad input', () => {
  test('failed sign-ins are limited and cannot lock out who has the right token', async () => {
    const statuses = new Set<number>();
    for (let index = 0; index < 40; index += 1) statuses.add((await ask('/api/v1/pools', 'x'.repeat(43))).status);
    const guess = { method: 'POST', body: JSON.stringify({ code: 'x' }), headers: json };
    for (let index = 0; index < 5; index += 1) statuses.add((await ask('/api/v1/session', null, guess)).status);
    expect(statuses).toEqual(new Set([401, 429]));
    // The flood itself is not written down without end.
    expect(records.length).toBeLessThan(35);
    expect((await ask('/api/v1/pools', tokens.viewer)).status).toBe(200);
    await signIn();
  });

  test('one token asks so often and not more', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const statuses: number[] = [];
        for (let index = 0; index < 50; index += 1) statuses.push((await ask('/api/v1/session', tokens.viewer)).status);
        return statuses;
      }),
    );
    const all = answers.flat();
    expect(all.filter((status) => status === 200)).toHaveLength(300);
    expect(all.filter((status) => status === 429)).toHaveLength(100);
    expect((await ask('/api/v1/session', tokens.admin)).status).toBe(200);
  });

  test.each([
    ['too long', `{"token":"${'x'.repeat(70_000)}"}`, 413],
    ['deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 400],
    ['cut', '{"token":', 400],
    ['empty', '', 400],
    ['a prototype', '{"token":"x","__proto__":{"role":"admin"}}', 400],
    ['more than is asked for', '{"token":"x","role":"admin"}', 400],
    ['another type', '{"token":{"$ne":""}}', 400],
  ])('a body that is %s is refused', async (_name, body, status) => {
    const answer = await ask('/api/v1/session', null, { method: 'POST', body, headers: json });
    expect(answer.status).toBe(status);
    expect(answer.text.length).toBeLessThan(500);
  });

  test.each(['0', '-1', '1.5', '1e3', '99999999999999999', '..%2f..', '%00', 'NaN', '1;2'])(
    'an id that is no number is refused: %s',
    async (id) => {
      const answer = await ask(`/api/v1/operations/${id}`, tokens.admin);
      expect(answer.status).toBe(400);
    },
  );
});
