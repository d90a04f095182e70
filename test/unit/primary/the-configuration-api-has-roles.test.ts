import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { silentLogger } from '../../../config/base/logger.js';
import type { ApplyOrder, ApplyView, CandidateFile, ConfigControl } from '../../../server/admin/config-control.js';
import type { AdminCaller } from '../../../server/admin/frame/caller.js';
import { hashOf } from '../../../server/admin/frame/secrets.js';
import { type AdminListeners, listenAdmin } from '../../../server/admin/listen.js';
import { adminSettings, adminWorld } from '../../support/admin-world.js';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const tokens = { look: 'v'.repeat(43), act: 'o'.repeat(43), shop: 's'.repeat(43), root: 'a'.repeat(43) };
const folder = tempFolder();
const asked: string[] = [];
let port: number;
let admin: AdminListeners;
let view: ApplyView;

const files = { main: '/etc/s.yaml', hash: 'h', version: 'v', files: [] };
const text = { file: '/etc/s.yaml', hash: 'h', bytes: 1, notWritable: '', text: '#' };
const trial = { valid: true, problems: [], problemsTotal: 0, plan: null, settings: null };
const page = { path: '', values: [], total: 0 };

function note<T>(what: string, answer: T): Promise<T> {
  asked.push(what);
  return Promise.resolve(answer);
}

function orderText({ name: by }: AdminCaller, { hash, note: why }: ApplyOrder): string {
  return `${hash} by ${by}${why === '' ? '' : ` because ${why}`}`;
}

const config: ConfigControl = {
  files: () => note('files', files),
  file: (_caller, path) => note(`file ${path}`, text),
  values: (_caller, { path, written, offset, limit }) =>
    note(`values ${path} ${String(written)} ${offset} ${limit}`, page),
  explain: (_caller, path) => Promise.reject(new Error(path)),
  validate: (_caller, { file }: CandidateFile) => note(`validate ${file}`, trial),
  diff: (_caller, { file }) => note(`diff ${file}`, trial),
  apply: (caller, { file }, order) => note(`apply ${file} ${orderText(caller, order)}`, view),
  history: () => note('history', []),
  compare: (_caller, id) => note(`compare ${id}`, trial),
  rollback: (caller, id, order) => note(`rollback ${id} ${orderText(caller, order)}`, view),
};

beforeAll(async () => {
  port = await freePort();
  view = {
    outcome: 'applied',
    problems: [],
    reasons: [],
    plan: null,
    acknowledged: true,
    version: 'v',
    hash: 'h',
    entry: 2,
  };
  const settings = adminSettings({
    listen: { host: '127.0.0.1', port },
    socket: join(folder, 'admin.sock'),
    tokens: [
      { name: 'look', hash: hashOf(tokens.look), role: 'viewer', pools: 'all' },
      { name: 'act', hash: hashOf(tokens.act), role: 'operator', pools: 'all' },
      { name: 'shop', hash: hashOf(tokens.shop), role: 'admin', pools: ['shop'] },
      { name: 'root', hash: hashOf(tokens.root), role: 'admin', pools: 'all' },
    ],
  });
  const control = { ...adminWorld().control, config };
  admin = await listenAdmin(control, { clock: new ManualClock(), log: silentLogger, settings: () => settings });
});

afterAll(async () => {
  await admin.close();
  removeFolder(folder);
});

async function ask(method: string, path: string, token: keyof typeof tokens, body?: unknown, match = '') {
  const headers = {
    authorization: `Bearer ${tokens[token]}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(match === '' ? {} : { 'if-match': match }),
  };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await call(port, `/api/v1/config${path}`, { method, headers, ...sent });
  const { error } = JSON.parse(answer.text) as { error?: { code: string } };
  return `${answer.status} ${error?.code ?? ''}`.trim();
}

const candidate = { text: '#', hash: 'h' };
const reading = ['', '/files', '/history', '/history/3/diff'];
const writing: readonly (readonly [string, unknown])[] = [
  ['/validate', { text: '#' }],
  ['/diff', { text: '#' }],
  ['/apply', candidate],
  ['/rollback/3', { hash: 'h' }],
];

test('everybody who looks at the whole server reads; only its administrators see texts, try and write', async () => {
  for (const token of ['look', 'act', 'root'] as const) {
    for (const path of reading) expect([token, path, await ask('GET', path, token)]).toEqual([token, path, '200']);
  }
  for (const path of reading) expect(await ask('GET', path, 'shop')).toBe('403 wrong-pool');
  asked.length = 0;
  for (const token of ['look', 'act'] as const) {
    expect(await ask('GET', '/file', token)).toBe('403 wrong-role');
    for (const [path, body] of writing) expect(await ask('POST', path, token, body)).toBe('403 wrong-role');
  }
  for (const [path, body] of writing) expect(await ask('POST', path, 'shop', body)).toBe('403 wrong-pool');
  expect((await call(port, '/api/v1/config')).status).toBe(401);
  expect(asked).toEqual([]);
  expect(await ask('GET', '/file', 'root')).toBe('200');
  for (const [path, body] of writing) expect(await ask('POST', path, 'root', body)).toBe('200');
  expect(asked).toEqual(['file ', 'validate ', 'diff ', 'apply  h by root', 'rollback 3 h by root']);
});

test('what was seen is told in the body or as If-Match; a refusal is 422, a fault tells nothing', async () => {
  asked.length = 0;
  const body = { file: 'a.yaml', text: '#', note: 'why' };
  expect(await ask('POST', '/apply', 'root', body)).toBe('428 hash-missing');
  expect(await ask('POST', '/apply', 'root', body, '"seen"')).toBe('200');
  expect(await ask('POST', '/rollback/3', 'root', {}, '*')).toBe('200');
  expect(asked).toEqual(['apply a.yaml seen by root because why', 'rollback 3 * by root']);
  view = { ...view, outcome: 'refused', reasons: ['a port is taken'] };
  expect(await ask('POST', '/apply', 'root', candidate)).toBe('422 configuration-refused');
  expect(await ask('GET', '/explain?path=x', 'look')).toBe('500 internal');
  for (const query of [
    '?limit=0',
    '?limit=20001',
    '?offset=-1',
    '?written=maybe',
    '?what=1',
    `?path=${'x'.repeat(2_049)}`,
  ])
    expect([query, await ask('GET', query, 'look')]).toEqual([query, '400 bad-input']);
  for (const bad of [{ ...candidate, file: 'a\0b' }, { ...candidate, note: 'x'.repeat(201) }, { hash: 'h' }, []])
    expect(await ask('POST', '/apply', 'root', bad)).toBe('400 bad-input');
  expect(await ask('POST', '/rollback/0', 'root', { hash: 'h' })).toBe('400 bad-input');
});
