import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Explanation } from '../../../config/effective/explain.js';
import type { ValuesPage } from '../../../config/effective/study.js';
import type { ApplyView, ConfigFilesView, TrialView } from '../../../server/admin/config-control.js';
import { type Answer, call } from '../../support/http-client.js';
import { app, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const secret = 'correct-horse-battery-staple';
const written = 'written-in-the-file';
let sluice: Sluice;
let secrets: string;
/** Everything that was answered and printed: no secret may be in it. */
const told: string[] = [];

/** A comment, a secret from a file, one that is written out, and a folder of further files. */
function yaml(secretFile: string): string {
  return `# of the shop
include: sites.d/*.yaml
admin: { listen: "127.0.0.1:ADMIN_PORT" }
runDir: FOLDER/run
stateDir: FOLDER/state
logDir: FOLDER/log
listeners: 2
applicationPools:
  - name: shop
    queueLength: 20
    environmentVariables: { DB_PASSWORD: "\${file:${secretFile}}", OTHER: ${written} }
sites:
  - name: main
    bindings: [{ protocol: http, bindingInformation: "*:PORT:" }]
    applications:
      - path: /
        applicationPool: shop
        physicalPath: ${app('plain')}
`;
}

/** At the same port: no other has to be free. */
function blog(): string {
  return `applicationPools: [{ name: blog }]
sites:
  - name: blog
    bindings: [{ protocol: http, bindingInformation: "*:${sluice.port}:blog.example" }]
    applications: [{ path: /, applicationPool: blog, physicalPath: ${app('plain')} }]
`;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const how = { method, headers: { ...type, ...headers }, limitMs: 120_000, ...json };
  const answer = await call(sluice.adminSocket, `/api/v1/config${path}`, how);
  if (path !== '/file') told.push(answer.text);
  return answer;
}

async function get<T>(path: string): Promise<T> {
  const { status, text } = await ask('GET', path);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return JSON.parse(text) as T;
}

async function post<T>(path: string, body: unknown): Promise<T & { readonly status: number; readonly code: string }> {
  const { status, text } = await ask('POST', path, body);
  const answer = JSON.parse(text) as T & { readonly error?: { readonly code: string } };
  return { ...answer, status, code: answer.error?.code ?? '' };
}

/** Status and code of a refusal. */
async function refusal(method: string, path: string, body?: unknown): Promise<string> {
  const { status, text } = await ask(method, path, body);
  return `${status} ${(JSON.parse(text) as { error?: { code: string } }).error?.code ?? 'done'}`;
}

async function cli(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const { code, output } = await run(process.execPath, [sluiceMain, 'config', ...args]);
  told.push(output);
  return { code, output };
}

const overSocket = (): readonly string[] => ['--admin', sluice.adminSocket];
const now = (): string => readFileSync(sluice.file, 'utf8');
const files = (): Promise<ConfigFilesView> => get('/files');
const history = async () =>
  (await get<{ entries: { id: number; by: string; cause: string; note: string; summary: string }[] }>('/history'))
    .entries;
const queueLength = async (): Promise<unknown> =>
  (await get<Explanation>('/explain?path=applicationPools.shop.queueLength')).value;

async function hashOf(file = sluice.file): Promise<string> {
  return (await files()).files.find((one) => one.file === file)?.hash ?? '';
}

beforeAll(async () => {
  secrets = tempFolder();
  writeFileSync(join(secrets, 'db.txt'), `${secret}\n`);
  sluice = await startSluice({ yaml: yaml(join(secrets, 'db.txt')) });
  mkdirSync(join(sluice.folder, 'sites.d'));
}, 120_000);

afterAll(async () => {
  await sluice.stop();
  removeFolder(secrets);
}, 120_000);

describe('over the API', () => {
  test('values are told with file and line, and explained', async () => {
    const page = await get<ValuesPage>('?path=applicationPools.shop&written=true');
    expect(page.values).toMatchObject([
      { path: 'applicationPools.shop.queueLength', value: 20, source: { file: sluice.file, line: 10, column: 18 } },
      { path: 'applicationPools.shop.environmentVariables.DB_PASSWORD', value: '***' },
      { path: 'applicationPools.shop.environmentVariables.OTHER', value: '***' },
    ]);
    const all = await get<ValuesPage>('?limit=3&offset=1');
    expect(all).toMatchObject({ values: { length: 3 }, path: '' });
    expect(all.total).toBeGreaterThan(100);
    const about = await get<Explanation>('/explain?path=applicationPools.shop.processModel.idleTimeout');
    expect(about).toMatchObject({ value: '00:20:00', change: 'reload', source: { from: 'default' } });
  });

  test('what makes no sense is refused by name', async () => {
    const body = { text: now() };
    expect(await refusal('GET', '?path=applicationPools.nobody')).toBe('404 no-such-setting');
    expect(await refusal('GET', '?limit=0')).toBe('400 bad-input');
    expect(await refusal('GET', '/explain')).toBe('400 bad-input');
    expect(await refusal('GET', '/file?file=/etc/passwd')).toBe('403 not-a-configuration-file');
    expect(await refusal('GET', '/history/99/diff')).toBe('404 no-such-configuration');
    expect(await refusal('POST', '/validate', { text: 7 })).toBe('400 bad-input');
    expect(await refusal('POST', '/diff', { text: now(), more: 1 })).toBe('400 bad-input');
    expect(await refusal('POST', '/apply', body)).toBe('428 hash-missing');
    expect(await refusal('POST', '/apply', { ...body, hash: '0' })).toBe('412 configuration-changed');
    expect(await refusal('POST', '/apply', { text: '#'.repeat(1_048_577), hash: '*' })).toBe('413 text-too-long');
    for (const file of ['/etc/sluice-of-nobody.yaml', '../up.yaml', 'sites.d/web.config', 'sites.d/.hidden.yaml'])
      expect([file, await refusal('POST', '/apply', { file, text: 'sites: []', hash: '*' })]).toEqual([
        file,
        '403 not-a-configuration-file',
      ]);
    expect(await refusal('POST', '/rollback/99', { hash: '*' })).toBe('404 no-such-configuration');
    expect(await refusal('POST', '/rollback/x', { hash: '*' })).toBe('400 bad-input');
  });

  test('a bad candidate is told with line and remedy, and changes nothing', async () => {
    const [before, { version }] = [now(), await files()];
    const text = before.replace('queueLength: 20', 'queueLenght: 20').replace('path: /', 'path: nowhere');
    const trial = await post<TrialView>('/validate', { text });
    expect(trial).toMatchObject({ status: 200, valid: false, plan: null });
    expect(trial.problems).toMatchObject([
      { code: 'unknown-key', line: 10, column: 5, remedy: 'did you mean queueLength?' },
      { code: 'bad-path', line: 16 },
    ]);
    const view = await post<ApplyView>('/apply', { text, hash: await hashOf() });
    expect(view).toMatchObject({ status: 422, code: 'configuration-refused', outcome: 'refused', version });
    expect(view.problems).toHaveLength(2);
    expect(await post<ApplyView>('/apply', { text: 'sites: []', hash: '*' })).toMatchObject({ status: 422 });
    expect(now()).toBe(before);
    expect((await sluice.call('/')).status).toBe(200);
  });

  test('a change is foreseen, applied by every listener, noted, and taken back', async () => {
    const before = now();
    const [first] = await history();
    expect(first).toMatchObject({ id: 1, by: '', cause: 'start' });
    const text = before.replace('queueLength: 20', 'queueLength: 30').replace('# of the shop', '# of our shop');
    const trial = await post<TrialView>('/diff', { text });
    expect(trial).toMatchObject({ valid: true, plan: { pools: [{ pool: 'shop', change: 'live' }], restart: [] } });
    expect(trial.settings?.changes).toMatchObject([
      { path: 'applicationPools.shop.queueLength', before: { value: 20 }, after: { value: 30 } },
    ]);
    const view = await post<ApplyView>('/apply', { text, hash: await hashOf(), note: 'more patience' });
    expect(view).toMatchObject({ status: 200, outcome: 'applied', acknowledged: true, entry: 2 });
    expect(now()).toBe(text);
    expect(await queueLength()).toBe(30);
    const added = await post<ApplyView>('/apply', { file: 'sites.d/blog.yaml', text: blog(), hash: '' });
    expect(added).toMatchObject({ status: 200, plan: { sites: { added: ['blog'] } } });
    expect((await sluice.call('/pid', { host: 'blog.example' })).text).not.toBe((await sluice.call('/pid')).text);
    expect(await history()).toMatchObject([
      { id: 3, by: 'socket', cause: 'apply', summary: expect.stringContaining('sites added: blog') },
      { id: 2, by: 'socket', cause: 'apply', note: 'more patience' },
      { id: 1 },
    ]);
    expect(await get<TrialView>('/history/1/diff')).toMatchObject({
      valid: true,
      plan: { sites: { removed: ['blog'] } },
    });
    const back = await post<ApplyView>('/rollback/1', { hash: (await files()).hash });
    expect(back).toMatchObject({ status: 200, outcome: 'applied', acknowledged: true, entry: 4 });
    expect(now()).toBe(before);
    expect(existsSync(join(sluice.folder, 'sites.d/blog.yaml'))).toBe(false);
    expect(await queueLength()).toBe(20);
    expect((await history())[0]).toMatchObject({ id: 4, cause: 'rollback to 1' });
  });

  test('what cannot be put to work is taken back from the disk', async () => {
    const before = now();
    const taken = createServer().listen(0, '0.0.0.0');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const text = before.replace('"*:', `"*:${port}:" }, { protocol: http, bindingInformation: "*:`);
    const view = await post<ApplyView>('/apply', { text, hash: await hashOf() });
    expect(view).toMatchObject({ status: 422, reasons: [expect.stringContaining(String(port))] });
    expect(now()).toBe(before);
    expect((await sluice.call('/')).status).toBe(200);
    taken.close();
    await once(taken, 'close');
    const file = 'sites.d/blog.yaml';
    expect(await refusal('POST', '/apply', { file, text: blog(), hash: 'other' })).toBe('412 configuration-changed');
    expect(existsSync(join(sluice.folder, file))).toBe(false);
  });

  test('of two at the same time one is told that it came too late', async () => {
    const hash = await hashOf();
    const order = (length: number) => ({ hash, text: now().replace(/queueLength: \d+/, `queueLength: ${length}`) });
    const answers = await Promise.all([40, 41, 42].map((length) => post<ApplyView>('/apply', order(length))));
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses[0]).toBe(200);
    expect(statuses.slice(1).every((status) => status === 409 || status === 412)).toBe(true);
    expect([40, 41, 42]).toContain(await queueLength());
    expect(await refusal('POST', '/apply', order(50))).toBe('412 configuration-changed');
  });

  test('nothing is written through links and into folders of others', async () => {
    const folder = join(sluice.folder, 'sites.d');
    writeFileSync(join(sluice.folder, 'elsewhere.yaml'), 'applicationPools: []\n');
    symlinkSync(join(sluice.folder, 'elsewhere.yaml'), join(folder, 'link.yaml'));
    const linked = { file: 'sites.d/link.yaml', text: blog(), hash: '*' };
    expect(await refusal('POST', '/apply', linked)).toBe('403 file-not-writable');
    chmodSync(folder, 0o777);
    expect(await refusal('POST', '/apply', { ...linked, file: 'sites.d/new.yaml' })).toBe('403 file-not-writable');
    chmodSync(folder, 0o755);
    expect(readFileSync(join(sluice.folder, 'elsewhere.yaml'), 'utf8')).toBe('applicationPools: []\n');
    expect(readdirSync(folder)).toEqual(['link.yaml']);
    const kept = join(sluice.folder, 'state/config-history');
    expect(statSync(kept).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(kept)) expect(statSync(join(kept, name)).mode & 0o777).toBe(0o600);
  });
});

test('the command line does all of it, and an edit by hand is in the history too', async () => {
  const candidate = join(sluice.folder, 'candidate.yaml');
  const base = now().replace(/queueLength: \d+/, 'queueLength: 60');
  writeFileSync(sluice.file, base);
  await until('the edit is applied', async () => (await queueLength()) === 60, { withinMs: 60_000 });
  const before = (await history())[0]?.id ?? 0;
  expect((await history())[0]).toMatchObject({ by: '', cause: 'a file changed' });
  expect(await cli('check', sluice.file)).toMatchObject({ code: 0, output: expect.stringContaining('OK: ') });
  writeFileSync(candidate, base.replace('queueLength', 'queueLenght'));
  expect(await cli('check', candidate, '--json')).toMatchObject({
    code: 1,
    output: expect.stringContaining('"valid": false'),
  });
  const refused = await cli('diff', candidate, ...overSocket());
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining(`${sluice.file}:10:5: error`) });
  expect((await cli('apply', candidate, ...overSocket())).code).toBe(1);
  const shown = await cli('show', 'applicationPools.shop', ...overSocket());
  expect(shown.output).toMatch(/applicationPools\.shop\.queueLength +60 +\S+sluice\.yaml:10:18 \(applicationPools\)/);
  const about = await cli('explain', 'applicationPools.shop.queueLength', ...overSocket());
  expect(about.output).toMatch(/value: +60 \(requests\)[\s\S]*default: +1000[\s\S]*a change: acts at once/);
  writeFileSync(candidate, base.replace('queueLength: 60', 'queueLength: 70'));
  const foreseen = await cli('diff', candidate, ...overSocket());
  expect(foreseen).toMatchObject({
    code: 0,
    output: expect.stringContaining('applicationPools.shop.queueLength: 60 -> 70'),
  });
  const applied = await cli('apply', candidate, '--note', 'by hand', ...overSocket());
  expect(applied).toMatchObject({ code: 0, output: expect.stringContaining(`applied as number ${before + 1}`) });
  expect(await queueLength()).toBe(70);
  expect((await cli('apply', candidate, '--hash', 'other', ...overSocket())).output).toContain('not what you saw');
  expect((await cli('history', ...overSocket())).output).toMatch(/socket +apply +.*by hand/);
  expect((await cli('rollback', String(before), ...overSocket())).code).toBe(0);
  expect(await queueLength()).toBe(60);
  expect((await cli('explain', 'applicationPools.shop.nothing', ...overSocket())).code).toBe(1);
  expect((await cli('explain')).code).toBe(2);
}, 180_000);

test('every change that was asked for is in the log with who and what became of it, questions are not', () => {
  const log = readFileSync(join(sluice.folder, 'log/sluice.log'), 'utf8');
  const changes = log.split('\n').filter((line) => line.includes('"admin-change"'));
  expect(changes.some((line) => line.includes('/config/apply') && line.includes('"socket"'))).toBe(true);
  expect(changes.some((line) => line.includes('/config/rollback/:id') && line.includes('id=1'))).toBe(true);
  expect(changes.filter((line) => /config\/(?:diff|validate)/.test(line))).toEqual([]);
  expect(log).toMatch(/config\/apply.*"status":412.*"admin-refused"/);
  expect(log).not.toContain('configuration-file-not-restored');
});

test('no answer, no line of the command line and no log holds a secret', () => {
  expect(told.length).toBeGreaterThan(40);
  const everything = [...told, sluice.output(), readFileSync(join(sluice.folder, 'log/sluice.log'), 'utf8')].join('\n');
  expect([secret, written].filter((hidden) => everything.includes(hidden))).toEqual([]);
});
