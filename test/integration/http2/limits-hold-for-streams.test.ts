/** What limits a client of HTTP/1.1 limits the streams of a connection, each on its own: one server, all at the same time. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ErrorCode, Flag, FrameType } from '../../../server/http2/codes.js';
import { answerOf, type Http2Answer, Http2Client } from '../../support/http2-client.js';
import { app } from '../../support/paths.js';
import { block, frame, RawHttp2, windowUpdate } from '../../support/raw-http2.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { pause, until } from '../../support/time.js';

let server: Sluice;
let client: Http2Client;

const queueLength = 10;

function at(host: string): { ':authority': string } {
  return { ':authority': `${host}.test` };
}

function ask(host: string, path = '/n/1', by = client): Promise<Http2Answer> {
  return by.call(path, { fields: at(host) });
}

beforeAll(async () => {
  const narrow = { name: 'narrow', queueLength, processModel: { maxConcurrentRequests: 1 } };
  server = await startSluice({
    listeners: 1,
    server: { webLimits: { headerWaitTimeout: '00:00:03' } },
    applicationPools: [narrow, ...['free', 'rated', 'hasty', 'single'].map((name) => ({ name }))],
    sites: (port) => {
      const site = (name: string, limits: Settings) => ({
        name,
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test`, http2: true }],
        limits,
        applications: [{ path: '/', applicationPool: name, physicalPath: app('plain') }],
      });
      return [
        site('free', {}),
        site('narrow', {}),
        site('rated', { maxRequestsPerSecondPerAddress: 1, requestBurstPerAddress: 5 }),
        site('hasty', { connectionTimeout: '00:00:01' }),
        site('single', { maxConnectionsPerAddress: 1 }),
      ];
    },
  });
  client = await Http2Client.connect(`http://free.test:${server.port}`);
  for (const host of ['free', 'narrow', 'hasty']) await ask(host);
}, 120_000);

afterAll(async () => {
  client.destroy();
  await server.stop();
}, 120_000);

test('requests beyond the rate get 429 and are told what is left; other sites of the connection are served', async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask('rated')));
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(20);
  expect(refused[0]?.fields).toMatchObject({
    'ratelimit-policy': '"address";q=5;w=5',
    ratelimit: expect.stringMatching(/^"address";r=0;t=\d+$/),
    'retry-after': expect.stringMatching(/^[1-9]\d*$/),
  });
  expect(await ask('free')).toMatchObject({ status: 200 });
  expect(client.goAway).toBeNull();
});

test('a full queue refuses the streams that find no place, and those that gave up leave theirs', async () => {
  const own = await Http2Client.connect(`http://narrow.test:${server.port}`);
  const streams = Array.from({ length: 40 }, () => own.open('/hold', { fields: at('narrow') }, true));
  const answers = streams.map((stream) => answerOf(stream));
  const refused: Http2Answer[] = [];
  for (const answer of answers) void answer.then((one) => refused.push(one));
  // One is with the worker, the queue holds the rest that has a place.
  await until('the others are refused', () => refused.length >= 40 - queueLength - 1);
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
  expect(refused[0]?.fields['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(refused.length).toBe(40 - queueLength - 1);
  for (const stream of streams) stream.close(ErrorCode.cancel);
  await until('there is a place again', async () => (await ask('narrow', '/n/1', own)).status === 200);
  await own.close();
});

test('a body that stands still or trickles, or an end that does not come, is 408 for its stream; the others go on', async () => {
  const still = client.open('/digest', { method: 'POST', fields: { ...at('hasty'), 'content-length': 1_000 } });
  still.write('abc');
  const trickle = client.open('/digest', { method: 'POST', fields: { ...at('free'), 'content-length': 100_000 } });
  // Of a body without a byte only its end is due.
  const empty = client.open('/digest', { method: 'POST', fields: { ...at('free'), 'content-length': 0 } });
  const answers = [answerOf(still), answerOf(trickle), answerOf(empty)];
  for (let turn = 0; !trickle.closed && turn < 1_200; turn += 1) {
    if (trickle.writable) trickle.write('x');
    await pause(50);
  }
  const [first, second, third] = await Promise.all(answers);
  expect(first).toMatchObject({ status: 408, text: expect.stringContaining('EntityBody') });
  expect(second).toMatchObject({ status: 408, text: expect.stringContaining('MinBytesPerSecond') });
  expect(third).toMatchObject({ status: 408, text: expect.stringContaining('HeaderWait') });
  expect(await ask('free')).toMatchObject({ status: 200 });
  expect(client.goAway).toBeNull();
}, 120_000);

test('a stream whose answer is not taken is reset; the others go on', async () => {
  const raw = await RawHttp2.connect(server.port);
  const get = (id: number, path: string): Buffer => {
    const fields = [':method', 'GET', ':scheme', 'http', ':path', path, ':authority', 'free.test'];
    const pairs = fields.flatMap((name, n) => (n % 2 === 0 ? [[name, fields[n + 1] ?? ''] as const] : []));
    return frame(FrameType.headers, Flag.endHeaders | Flag.endStream, id, block(pairs));
  };
  raw.send(windowUpdate(0, 1_000_000), get(1, '/bytes?count=1000000'));
  await raw.receives('it is reset', () => raw.of(FrameType.rstStream, 1).length === 1 || raw.isClosed);
  raw.send(get(3, '/n/3'));
  await raw.receives('the other is answered', () => raw.of(FrameType.data, 3).length > 0);
  expect(raw.goAway).toBeNull();
  raw.close();
}, 120_000);

test('connections of an address are counted at each site that their streams ask for', async () => {
  const [first, second] = await Promise.all([
    Http2Client.connect(`http://single.test:${server.port}`),
    Http2Client.connect(`http://single.test:${server.port}`),
  ]);
  expect(await ask('single', '/n/1', first)).toMatchObject({ status: 200 });
  expect(await ask('single', '/n/1', second)).toMatchObject({ status: 503 });
  expect(await ask('free', '/n/1', second)).toMatchObject({ status: 200 });
  expect(await ask('single', '/n/1', first)).toMatchObject({ status: 200 });
  await first.close();
  await until('there is room', async () => (await ask('single', '/n/1', second)).status === 200);
  await second.close();
});

test('each refusal is counted by its reason', async () => {
  for (const reason of ['RequestRatePerAddress', 'QueueFull', 'ConnLimit']) {
    expect(await until(reason, async () => (await server.metrics()).includes(`reason="${reason}"`))).toBe(true);
  }
});
