/** Every route of the registry has a row here: what it answers, who is refused, and which input is. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { ControlPlane } from '../../../server/admin/control-plane.js';
import type { Door } from '../../../server/admin/frame/door.js';
import { problemSchema } from '../../../server/admin/frame/errors.js';
import { openApiOf } from '../../../server/admin/frame/openapi.js';
import type { AdminRoute } from '../../../server/admin/frame/route.js';
import { hashOf } from '../../../server/admin/frame/secrets.js';
import { allRoutes } from '../../../server/admin/routes/all.js';
import { openEvents } from '../../support/event-client.js';
import { type Answer, call, callJson } from '../../support/http-client.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { adminToken, type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const tokens = { viewer: 'v'.repeat(43), operator: 'o'.repeat(43), admin: adminToken, limited: 'l'.repeat(43) };
/** Who has one role less than is needed; '' = no token at all. */
const lesser = { viewer: '', operator: tokens.viewer, admin: tokens.operator };

interface Ask {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
}

interface Row {
  /** null: tested elsewhere. */
  readonly good: Ask | (() => Promise<Ask> | Ask) | null;
  /** Default: 200, or 204 where nothing is answered. */
  readonly status?: number;
  readonly bad: Ask;
}

let sluice: Sluice;
let entry = 0;
/** Who asks without a token may not ask often from one address. */
let strangers = 0;

const unknownQuery: Row = { good: {}, bad: { query: 'surprise=1' } };
const pool = (name: string): Ask => ({ params: { name } });
const order = (params: Readonly<Record<string, string>>): Row => ({
  good: { params, query: 'wait=1' },
  bad: { params, query: 'wait=x' },
});
const worker: Row = {
  good: async () => ({ params: { id: await workerId() }, query: 'wait=1' }),
  bad: { params: { id: 'x' } },
};
const main = { id: 'main/' };

/** Tokens that are not enough: none, one of a lesser role, one for another pool. */
function strangersTo({ role, filtered }: AdminRoute): Readonly<Record<string, string>> {
  if (role === 'anyone') return {};
  const less = lesser[role] === '' ? {} : { lesser: lesser[role] };
  return { nobody: '', ...less, ...(filtered === true ? {} : { limited: tokens.limited }) };
}

/** In this order: some rows need what those before them made. */
const rows: Readonly<Record<string, Row>> = {
  'GET /api/v1/nodes': unknownQuery,
  'GET /api/v1/nodes/:name': { good: pool('self'), bad: { ...pool('self'), query: 'x=1' } },
  'POST /api/v1/nodes/:name/drain': order({ name: 'self' }),
  'POST /api/v1/nodes/:name/resume': order({ name: 'self' }),
  'POST /api/v1/nodes/:name/reload': order({ name: 'self' }),
  'GET /api/v1/sites': unknownQuery,
  'GET /api/v1/sites/:name': { good: pool('main'), bad: pool('x'.repeat(300)) },
  'GET /api/v1/bindings': unknownQuery,
  'GET /api/v1/applications': unknownQuery,
  'GET /api/v1/applications/:id': { good: { params: main }, bad: { params: main, query: 'x=1' } },
  'POST /api/v1/applications/:id/offline': order(main),
  'POST /api/v1/applications/:id/online': order(main),
  'GET /api/v1/pools': unknownQuery,
  'GET /api/v1/pools/:name': { good: pool('a'), bad: pool('x'.repeat(100)) },
  'POST /api/v1/pools/:name/stop': order({ name: 'a' }),
  'POST /api/v1/pools/:name/start': order({ name: 'a' }),
  'POST /api/v1/pools/:name/recycle': order({ name: 'a' }),
  'GET /api/v1/workers': unknownQuery,
  'POST /api/v1/workers/:id/recycle': worker,
  'POST /api/v1/workers/:id/suspend': worker,
  'POST /api/v1/workers/:id/resume': worker,
  'POST /api/v1/workers/:id/profile': {
    good: async () => ({ params: { id: await workerId() }, query: 'kind=cpu&seconds=1&wait=1' }),
    bad: { params: { id: '1' }, query: 'kind=all' },
  },
  'POST /api/v1/workers/:id/dump': {
    good: async () => ({ params: { id: await workerId() }, query: 'kind=report&wait=1' }),
    bad: { params: { id: '1' }, query: 'kind=core' },
  },
  'GET /api/v1/operations/:id/file': {
    good: async () => ({ params: { id: await lastDump() } }),
    bad: { params: { id: '..' } },
  },
  'POST /api/v1/workers/:id/stop': worker,
  'GET /api/v1/operations/:id': { good: { params: { id: '1' } }, bad: { params: { id: '1e3' } } },
  'GET /api/v1/logs': { good: { query: 'lines=5&follow=1' }, bad: { query: 'lines=all' } },
  'GET /api/v1/traces': { good: { query: 'limit=5' }, bad: { query: 'limit=0' } },
  'GET /api/v1/traces/:site/:id': {
    good: async () => ({ params: { site: 'main', id: await traceId() } }),
    bad: { params: { site: 'main', id: 'x' } },
  },
  'GET /api/v1/node/upgrade': unknownQuery,
  // What it does has a test of its own: afterwards this server would be another process.
  'POST /api/v1/node/upgrade': { good: null, bad: { query: 'x=1' } },
  'GET /api/v1/certificates': unknownQuery,
  'GET /api/v1/requests': { good: { query: 'pool=a&limit=5' }, bad: { query: 'limit=-1' } },
  'GET /api/v1/events': { good: { query: 'kinds=receipt' }, bad: { query: 'kinds=nothing' } },
  'GET /api/v1/openapi.json': unknownQuery,
  'GET /api/v1/config': { good: { query: 'path=applicationPools' }, bad: { query: 'limit=0' } },
  'GET /api/v1/config/explain': { good: { query: 'path=listeners' }, bad: { query: '' } },
  'GET /api/v1/config/files': unknownQuery,
  'GET /api/v1/config/file': { good: {}, bad: { query: 'file=%00' } },
  'POST /api/v1/config/validate': { good: () => ({ body: { text: candidate() } }), bad: { body: { text: 1 } } },
  'POST /api/v1/config/diff': { good: () => ({ body: { text: candidate() } }), bad: { body: {} } },
  'POST /api/v1/config/apply': {
    good: () => ({ body: { text: candidate(), hash: '*', note: 'more' } }),
    bad: { body: { text: 'x', identity: 'root' } },
  },
  'GET /api/v1/config/history': unknownQuery,
  'GET /api/v1/config/history/:id/diff': {
    good: () => ({ params: { id: String(entry) } }),
    bad: { params: { id: '0' } },
  },
  'POST /api/v1/config/rollback/:id': {
    good: () => ({ params: { id: String(entry) }, body: { hash: '*' } }),
    bad: { params: { id: '1' }, body: { note: 1 } },
  },
  'POST /api/v1/logs/reopen': unknownQuery,
  'POST /api/v1/session': {
    good: { body: { token: tokens.viewer } },
    bad: { body: { token: tokens.viewer, role: 'admin' } },
  },
  'GET /api/v1/session': unknownQuery,
  'DELETE /api/v1/session': unknownQuery,
  // On the admin socket only.
  'POST /api/v1/session/codes': { good: {}, status: 403, bad: { query: 'x=1' } },
};

const routes = new Map<string, AdminRoute>();
for (const route of allRoutes({} as ControlPlane, {} as Door)) routes.set(`${route.method} ${route.path}`, route);
interface Described {
  readonly headers?: object;
  readonly content?: object;
}
const description = openApiOf([...routes.values()], '0')['paths'] as Readonly<
  Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Described>> }>>>
>;

beforeAll(async () => {
  const given = (name: keyof typeof tokens, role: string, pools?: readonly string[]): Settings => {
    return { name, hash: hashOf(tokens[name]), role, ...(pools === undefined ? {} : { pools }) };
  };
  const issued = [given('viewer', 'viewer'), given('operator', 'operator'), given('limited', 'admin', ['b'])];
  sluice = await startSluice({
    applicationPools: [{ name: 'a' }, { name: 'b' }],
    sites: (port) => [
      {
        name: 'main',
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:` }],
        applications: [
          { path: '/', applicationPool: 'a', physicalPath: app('plain') },
          { path: '/b', applicationPool: 'b', physicalPath: app('plain') },
        ],
        traceFailedRequests: [{ path: '/traced', statusCodes: '200-599' }],
      },
    ],
    tokens: issued,
  });
}, 120_000);

afterAll(() => sluice.stop(), 120_000);

async function workerId(): Promise<string> {
  await sluice.call('/');
  const found = await until(
    'a worker runs',
    async () => (await sluice.pool('a')).workers.find(({ state }) => state === 'running') ?? null,
  );
  return String(found.workerId);
}

async function lastDump(): Promise<string> {
  const answer = await ask('POST', '/api/v1/workers/:id/dump', tokens.admin, {
    params: { id: await workerId() },
    query: 'wait=1',
  });
  return String((JSON.parse(answer.text) as { id: number }).id);
}

async function traceId(): Promise<string> {
  await sluice.call('/traced');
  const { id } = await until('a request was traced', async () => {
    const { traces } = (await callJson(sluice.adminSocket, '/api/v1/traces')) as { traces: { id: number }[] };
    return traces[0];
  });
  return String(id);
}

/** Another comment each time: every one is a change. */
function candidate(): string {
  return `${readFileSync(sluice.file, 'utf8')}\n`;
}

async function ask(
  method: string,
  path: string,
  token: string,
  { params = {}, query = '', body }: Ask,
): Promise<Answer> {
  const filled = path.replace(/:([a-z]+)/g, (_whole, name: string) => encodeURIComponent(params[name] ?? ''));
  const authorization = token === '' ? {} : { authorization: `Bearer ${token}` };
  const from = `127.0.1.${1 + (token === '' ? (strangers += 1) % 200 : 0)}`;
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await call(sluice.adminPort, query === '' ? filled : `${filled}?${query}`, {
    method,
    from,
    headers: { ...authorization, ...json },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  checkDescribed(`${method} ${path}`, answer);
  return answer;
}

/** Whatever is answered stands in the description that the API gives of itself. */
function checkDescribed(key: string, { status, headers, text }: Answer): void {
  const route = routes.get(key) as AdminRoute;
  const { responses } = description[route.path.replace(/:([a-z]+)/g, '{$1}')]?.[route.method.toLowerCase()] ?? {};
  const told = responses?.[status] ?? (status < 400 ? undefined : responses?.['default']);
  const type = String(headers['content-type'] ?? 'nothing').split(';')[0];
  expect([key, status, Object.keys(told?.content ?? { nothing: 0 })]).toEqual([key, status, [type]]);
  expect(Object.keys(headers)).toEqual(expect.arrayContaining(Object.keys(told?.headers ?? {})));
  const schema = status < 400 ? route.answer : (route.refusals?.[status] ?? problemSchema);
  if (schema instanceof z.ZodType) schema.parse(JSON.parse(text));
}

/** Of a stream that does not end: what it begins with. */
async function answerOf(
  { method, path, answer, events }: AdminRoute,
  good: Ask,
): Promise<{ status: number; text: string }> {
  if (answer !== 'event-stream') return ask(method, path, tokens.admin, good);
  const headers = { authorization: `Bearer ${tokens.admin}` };
  const stream = await openEvents(sluice.adminPort, headers, `${path}?${good.query}`);
  const said = await until('it says something', () => stream.heard[0] ?? null);
  stream.close();
  events?.parse(said.data);
  return { status: stream.status, text: events === undefined ? '' : said.event };
}

test('every route has a row, and every row a route', () => {
  expect(Object.keys(rows).sort()).toEqual([...routes.keys()].sort());
});

describe.each(Object.keys(rows).filter((key) => routes.has(key)))('%s', (key) => {
  const route = routes.get(key) as AdminRoute;
  const row = rows[key] as Row;
  const { method, path, role } = route;

  test('answers as its schema says', async () => {
    const good = typeof row.good === 'function' ? await row.good() : row.good;
    if (good === null) return;
    const wanted = row.status ?? (route.answer === 'nothing' ? 204 : 200);
    const { status, text } = await answerOf(route, good);
    expect([status, text.slice(0, 300)]).toEqual([wanted, expect.anything()]);
    if (!(route.answer instanceof z.ZodType) || status !== 200) return;
    const told: unknown = JSON.parse(text);
    if (path.endsWith('/apply')) ({ entry } = told as { entry: number });
    const ended = good.query?.includes('wait=1') === true ? told : { state: 'done', error: null };
    expect(ended).toMatchObject({ state: 'done', error: null });
  }, 60_000);

  test('refuses who may not', async () => {
    const { params = {} } = typeof row.good === 'function' ? { params: { id: '1' } } : (row.good ?? {});
    const answered: (readonly [who: string, status: number])[] = [];
    for (const [who, token] of Object.entries(strangersTo(route))) {
      answered.push([who, (await ask(method, path, token, { params })).status]);
    }
    expect(answered).toEqual(answered.map(([who]) => [who, who === 'nobody' ? 401 : 403]));
    expect(answered.length > 0).toBe(role !== 'anyone');
  });

  test('refuses bad input and says what is wrong', async () => {
    const answer = await ask(method, path, tokens.admin, row.bad);
    const { error } = JSON.parse(answer.text) as { error: { code: string; field: string } };
    expect([answer.status, error.code]).toEqual([400, 'bad-input']);
    expect(error.field).toMatch(/^(params|query|body)/);
  });
});

test('a configuration that is refused says what is wrong with it', async () => {
  const body = { text: 'listeners: many\n', hash: '*' };
  const { status, text } = await ask('POST', '/api/v1/config/apply', tokens.admin, { body });
  expect([status, JSON.parse(text)]).toMatchObject([422, { outcome: 'refused', error: { field: 'body.text' } }]);
});

test('nothing leads from the public listener to this API, whatever host is named', async () => {
  const place = `127.0.0.1:${sluice.adminPort}`;
  for (const host of [place, `localhost:${sluice.adminPort}`, 'localhost', '127.0.0.1', '[::1]', `${place}.`]) {
    for (const path of ['/api/v1/pools', `http://${place}/api/v1/pools`, '/x/../api/v1/pools', '//api/v1/pools']) {
      const headers = {
        authorization: `Bearer ${tokens.admin}`,
        'x-forwarded-host': place,
        forwarded: `host=${place}`,
      };
      const answer = await call(sluice.port, path, { host, headers });
      expect([host, path, answer.text]).not.toEqual([host, path, expect.stringMatching(/applicationPool|"pools"/)]);
      expect(answer.headers).not.toHaveProperty('cross-origin-opener-policy');
    }
  }
});

test('an application that is offline answers 503 in html, after a reload too, until it is online again', async () => {
  const order503 = async (action: string): Promise<number> =>
    (await ask('POST', `/api/v1/applications/:id/${action}`, tokens.operator, { params: main, query: 'wait=1' }))
      .status;
  expect((await sluice.call('/')).status).toBe(200);
  expect(await order503('offline')).toBe(200);
  expect((await sluice.pool('a')).workers).toEqual([]);
  const offline = await sluice.call('/anything');
  expect([offline.status, offline.headers['content-type']]).toEqual([503, expect.stringMatching(/^text\/html/)]);
  expect((await sluice.call('/b')).status).toBe(200);
  await ask('POST', '/api/v1/nodes/:name/reload', tokens.admin, { params: { name: 'self' }, query: 'wait=1' });
  expect((await sluice.call('/')).status).toBe(503);
  expect((await sluice.pool('a')).workers).toEqual([]);
  expect(await order503('online')).toBe(200);
  expect((await sluice.call('/')).status).toBe(200);
});

test('a drained node is not ready and serves on; back it is ready', async () => {
  const of = (action: string): Promise<Answer> =>
    ask('POST', `/api/v1/nodes/:name/${action}`, tokens.admin, { params: { name: 'self' } });
  expect((await of('drain')).status).toBe(202);
  expect((await call(sluice.adminPort, '/readyz?verbose')).text).toContain('[-] balance');
  expect((await call(sluice.adminPort, '/livez')).status).toBe(200);
  expect((await sluice.call('/')).status).toBe(200);
  expect((await of('resume')).status).toBe(202);
  expect((await call(sluice.adminPort, '/readyz')).status).toBe(200);
});

test('one order often is one action, and those about another pool begin beside it', async () => {
  const order = async (action: string, name: string, token: string): Promise<string> => {
    const { status, text } = await ask('POST', `/api/v1/pools/:name/${action}`, token, pool(name));
    return `${status} ${status === 202 ? (JSON.parse(text) as { id: number }).id : text}`;
  };
  const held = await RawClient.connect(sluice.port);
  held.send('GET /slow?ms=600000 HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('it is under way', async () => (await sluice.pool('a')).workers.some(({ inFlight }) => inFlight === 1));
  const answers = new Set<string>();
  for (let count = 0; count < 20; count += 1) answers.add(await order('stop', 'a', tokens.operator));
  // The second one finds a pool that is stopping.
  expect([...answers]).toEqual([expect.stringMatching(/^202 /), expect.stringMatching(/^202 /)]);
  expect(await order('start', 'b', tokens.limited)).toMatch(/^202 /);
  held.socket.destroy();
  expect(await order('start', 'a', tokens.operator)).toMatch(/^202 /);
});
