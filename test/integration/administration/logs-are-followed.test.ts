/** One server whose logs are read over its admin socket. */
import { renameSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LogLine } from '../../../server/admin/log-views.js';
import { EventClient } from '../../support/event-stream.js';
import { sluiceMain } from '../../support/paths.js';
import { run, startProgram } from '../../support/program.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const talkative = `
require('node:http')
  .createServer((request, response) => {
    if (request.url === '/flood') for (let n = 0; n < 300; n++) console.log('x'.repeat(1000));
    console.log('<b>asked</b> for ' + request.url + ' \\u001b[31m\\u2028');
    response.end(String(process.pid));
  })
  .listen(process.env.PORT);
`;

const folder = tempFolder('app');
let sluice: Sluice;

beforeAll(async () => {
  writeFileSync(join(folder, 'index.js'), talkative);
  sluice = await startSluice({
    applicationPools: [{ name: 'a' }, { name: 'b' }],
    applications: [
      { path: '/', applicationPool: 'a', physicalPath: folder },
      { path: '/b', applicationPool: 'b', physicalPath: folder },
    ],
    listeners: 1,
  });
});

afterAll(async () => {
  await sluice.stop();
  removeFolder(folder);
});

const follow = (query: string, lastId = ''): Promise<EventClient> =>
  EventClient.open(sluice.adminSocket, `/api/v1/logs?${query}`, lastId);
const lines = (client: EventClient): LogLine[] => client.of('line') as LogLine[];
const texts = (client: EventClient): string =>
  lines(client)
    .map(({ text }) => text)
    .join('\n');

test('output: the last lines of the file, then what is added, escaped, under the name of its application', async () => {
  await sluice.call('/before');
  const early = await until('the output is there', async () => {
    const client = await follow('source=output&pool=a');
    await until('it has ended', () => client.isOver);
    return lines(client).length > 0 ? client : undefined;
  });
  expect(lines(early)[0]).toEqual({
    source: 'output',
    pool: 'a',
    application: 'main/',
    text: '<b>asked</b> for /before \\x1b[31m\\xe2\\x80\\xa8',
  });
  const client = await follow('source=output&pool=a&lines=0&follow=1');
  await sluice.call('/after');
  await sluice.call('/b/other');
  await until('the new line', () => texts(client).includes('/after'));
  expect(texts(client)).not.toMatch(/before|other/);
  client.close();
});

test('the output of one worker, from memory', async () => {
  const pid = Number((await sluice.call('/worker')).text);
  const { workers } = await sluice.pool('a');
  const worker = workers.find((one) => one.pid === pid);
  const client = await follow(`source=output&pool=a&worker=${worker?.workerId ?? 0}&follow=1`);
  await sluice.call('/of-worker');
  await until('both lines', () => /\/worker[\s\S]*\/of-worker/.test(texts(client)));
  expect(lines(client).at(-1)).toMatchObject({ pool: 'a', application: 'main/', workerId: worker?.workerId, pid });
  client.close();
  await expect(follow(`source=output&pool=b&worker=${worker?.workerId ?? 0}`)).rejects.toThrow(/404 .*no-such-worker/);
});

test('whoever comes back goes on behind the last line: of files, and of one worker', async () => {
  const pid = Number((await sluice.call('/who')).text);
  const { workers } = await sluice.pool('a');
  const worker = workers.find((one) => one.pid === pid)?.workerId ?? 0;
  for (const [index, query] of ['source=output&pool=a', `source=output&pool=a&worker=${worker}`].entries()) {
    const asked = `${query}&lines=20&follow=1`;
    const first = await follow(asked);
    await sluice.call(`/seen-${index}`);
    await until('the line and where it ends', () => {
      return texts(first).includes(`/seen-${index}`) && first.events.at(-1)?.event === 'position';
    });
    first.close();
    await sluice.call(`/missed-${index}`);
    const second = await follow(asked, first.lastId);
    await sluice.call(`/later-${index}`);
    await until('both lines', () => texts(second).includes(`/later-${index}`));
    expect(lines(second).map(({ text }) => /\/\S+/.exec(text.replace('</b>', ''))?.[0])).toEqual([
      `/missed-${index}`,
      `/later-${index}`,
    ]);
    second.close();
    // Of a stranger: it begins as if nothing had been said.
    for (const strange of ['7', '1.2.3', `${'9'.repeat(30)}.1`, '../..', '1.2-']) {
      const third = await follow(query, strange);
      await until('it has ended', () => third.isOver);
      expect(texts(third)).toContain(`/missed-${index}`);
    }
  }
});

test('the access log goes on where it was renamed, and can be cut to a pool', async () => {
  const client = await follow('source=access&pool=b&lines=0&follow=1');
  const all = await follow('source=access&lines=0&follow=1');
  await sluice.call('/b/one');
  await sluice.call('/one');
  await until('the first line', () => texts(client).includes('/b/one') && texts(all).includes('"/one"'));
  const file = join(sluice.folder, 'log/access/access.log');
  renameSync(file, `${file}.9`);
  expect((await run(process.execPath, [sluiceMain, 'logs', 'reopen', sluice.file])).code).toBe(0);
  await sluice.call('/b/two');
  await until('the second line', () => texts(client).includes('/b/two') && texts(all).includes('/b/two'));
  expect(lines(client).every(({ text }) => JSON.parse(text).pool === 'b')).toBe(true);
  client.close();
  all.close();
});

test('the server log', async () => {
  const client = await follow('source=server&lines=2000');
  await until('it has ended', () => client.isOver);
  expect(texts(client)).toContain('"event":"started"');
  const last = await follow('source=server&lines=1');
  await until('it has ended', () => last.isOver);
  expect(lines(last)).toHaveLength(1);
});

test('who does not read is cut, and the workers go on', async () => {
  const client = await follow('source=output&pool=a&lines=0&follow=1');
  client.pause();
  const reader = await follow('source=output&pool=a&lines=0&follow=1');
  for (let flood = 0; flood < 8; flood += 1) {
    const path = `/after-${flood}`;
    expect((await sluice.call('/flood')).status).toBe(200);
    await sluice.call(path);
    await until('a reader gets it', () => texts(reader).includes(path));
  }
  client.resume();
  await until('the other one is cut', () => client.isOver);
  reader.close();
});

test('what cannot be shown is refused with the part that is wrong', async () => {
  const refused = async (query: string, status: number, word: string): Promise<void> =>
    expect(follow(query)).rejects.toThrow(new RegExp(`^${status} .*${word}`));
  await refused('source=output', 400, 'query.pool');
  await refused('source=output&pool=nobody', 404, 'no-such-pool');
  await refused('source=passwords', 400, 'query.source');
  await refused('source=server&worker=1', 400, 'query.worker');
  await refused('source=access&site=nobody', 404, 'no-such-site');
  await refused('source=server&lines=100000', 400, 'query.lines');
  await refused('source=server&file=/etc/passwd', 400, 'query');
  // Names choose from what is configured; they never become paths.
  for (const path of ['../sluice', '..%2F..%2Fsluice.log', '%2Fetc%2Fpasswd', '....//sluice', 'a%00', '.', '..']) {
    await refused(`source=output&pool=${path}`, 404, 'no-such-pool');
    await refused(`source=access&site=${path}`, 404, 'no-such-site');
    await refused(`source=${path}`, 400, 'query.source');
  }
});

test('sluice logs prints and follows them', async () => {
  const logs = (...args: readonly string[]) => [sluiceMain, 'logs', '--admin', sluice.adminSocket, ...args];
  await sluice.call('/for-the-terminal');
  const ended = await until('the last lines', async () => {
    const printed = await run(process.execPath, logs('--pool', 'a', '-n', '3'));
    return printed.output.includes('/for-the-terminal') ? printed : undefined;
  });
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.output).not.toContain('\u2028');
  const following = startProgram(process.execPath, logs('-f', '--pool', 'a', '--json', '-n', '0'));
  await until('it follows', async () => {
    await sluice.call('/more');
    return following.output().includes('asked</b> for /more');
  });
  await following.stop('SIGINT');
  const printed = following.output().trimEnd().split('\n');
  expect(printed.map((line) => JSON.parse(line).source)).toEqual(printed.map(() => 'output'));
  const wrong = await run(process.execPath, logs('--pool', 'nobody'));
  expect(wrong).toMatchObject({ code: 1 });
  expect(wrong.output).toContain('there is no such pool');
});

test('sluice logs -f goes on over a broken connection: no line is lost, none comes twice', async () => {
  const socketPath = join(sluice.folder, 'between.sock');
  const open = new Set<Socket>();
  const listen = async (): Promise<Server> => {
    const server = createServer((client) => {
      const there = connect(sluice.adminSocket);
      for (const one of [client, there]) open.add(one.on('error', () => undefined).on('close', () => open.delete(one)));
      client.pipe(there).pipe(client);
    });
    await new Promise<void>((done) => void server.listen(socketPath, done));
    return server;
  };
  const before = await listen();
  const following = startProgram(process.execPath, [sluiceMain, 'logs', '-f', '--admin', socketPath, '--pool', 'a']);
  let calls = 0;
  await until('it follows', async () => {
    await sluice.call(`/unbroken-${(calls += 1)}.`);
    return following.output().includes('/unbroken-');
  });
  before.close();
  for (const one of open) one.destroy();
  await sluice.call('/in-between.');
  const after = await listen();
  await until('the line of the pause', () => following.output().includes('/in-between.'));
  await following.stop('SIGINT');
  after.close();
  for (const one of open) one.destroy();
  const seen = [...following.output().matchAll(/\/(?:unbroken-(\d+)|in-between)\./g)].map(([, number]) =>
    Number(number),
  );
  const from = seen[0] ?? 0;
  expect(seen).toEqual([...Array.from({ length: calls + 1 - from }, (_, n) => from + n), Number.NaN]);
});
