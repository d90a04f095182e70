import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { silentLogger } from '../../../config/base/logger.js';
import { hashOf } from '../../../server/admin/frame/secrets.js';
import { type AdminListeners, listenAdmin } from '../../../server/admin/listen.js';
import { type AdminWorld, adminSettings, adminWorld } from '../../support/admin-world.js';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const tokens = { look: 'v'.repeat(43), shop: 'o'.repeat(43), root: 'a'.repeat(43) };
const folder = tempFolder();
let port: number;
let world: AdminWorld;
let admin: AdminListeners;

beforeAll(async () => {
  port = await freePort();
  world = adminWorld();
  const settings = adminSettings({
    listen: { host: '127.0.0.1', port },
    socket: join(folder, 'admin.sock'),
    tokens: [
      { name: 'look', hash: hashOf(tokens.look), role: 'viewer', pools: 'all' },
      { name: 'shop', hash: hashOf(tokens.shop), role: 'operator', pools: ['a'] },
      { name: 'root', hash: hashOf(tokens.root), role: 'admin', pools: 'all' },
    ],
  });
  admin = await listenAdmin(world.control, { clock: new ManualClock(), log: silentLogger, settings: () => settings });
});

beforeEach(() => {
  world.orders.length = 0;
});

afterAll(async () => {
  await admin.close();
  removeFolder(folder);
});

async function ask(method: string, path: string, token: keyof typeof tokens) {
  const answer = await call(port, path, { method, headers: { authorization: `Bearer ${tokens[token]}` } });
  const { error } = answer.status < 400 ? { error: null } : (JSON.parse(answer.text) as { error: { code: string } });
  return { status: answer.status, code: error?.code ?? '', answer };
}

test('live requests are for everybody who looks, of the pools that they may see', async () => {
  expect(await ask('GET', '/api/v1/requests?site=main&minTimeMs=500', 'look')).toMatchObject({ status: 200 });
  expect(await ask('GET', '/api/v1/requests', 'shop')).toMatchObject({ status: 200 });
  expect(await ask('GET', '/api/v1/requests?pool=a', 'shop')).toMatchObject({ status: 200 });
  expect(await ask('GET', '/api/v1/requests?pool=b', 'shop')).toMatchObject({ status: 200 });
  expect(world.orders).toEqual(['requests all main 500', 'requests a  0', 'requests a  0', 'requests   0']);
  expect(await ask('GET', '/api/v1/requests?minTimeMs=soon', 'look')).toMatchObject({ status: 400, code: 'bad-input' });
  expect((await call(port, '/api/v1/requests')).status).toBe(401);
});

test('profiles are taken by operators, bad wishes are named', async () => {
  const path = '/api/v1/workers/7/profile';
  expect(await ask('POST', path, 'look')).toMatchObject({ status: 403, code: 'wrong-role' });
  // Whose worker it is nobody knows.
  expect(await ask('POST', path, 'shop')).toMatchObject({ status: 403, code: 'wrong-pool' });
  expect(await ask('POST', `${path}?kind=heap`, 'root')).toMatchObject({ status: 202 });
  expect(world.orders).toEqual(['profile heap 7']);
  for (const query of ['seconds=0', 'seconds=121', 'kind=all']) {
    expect(await ask('POST', `${path}?${query}`, 'root')).toMatchObject({ status: 400, code: 'bad-input' });
  }
});

test('files of operations are for operators of their pool, when there is one', async () => {
  const path = '/api/v1/operations/6/file';
  expect(await ask('GET', path, 'look')).toMatchObject({ status: 403, code: 'wrong-role' });
  const { answer } = await ask('GET', path, 'shop');
  expect(answer).toMatchObject({ status: 200, text: '{}' });
  expect(answer.headers).toMatchObject({
    'content-disposition': 'attachment; filename="heap.json"',
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  });
  expect(await ask('GET', '/api/v1/operations/5/file', 'shop')).toMatchObject({ status: 409, code: 'no-file' });
  expect(await ask('GET', '/api/v1/operations/x/file', 'shop')).toMatchObject({ status: 400, code: 'bad-input' });
});
