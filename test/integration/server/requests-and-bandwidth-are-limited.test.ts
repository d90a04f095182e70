import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inParallel } from '../../support/batches.js';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

let sluice: Sluice;

function site(port: number, name: string, limits: object, settings: object = {}): Record<string, unknown> {
  return {
    name,
    bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test` }],
    limits,
    applications: [{ path: '/', applicationPool: name, physicalPath: app('plain'), ...settings }],
  };
}

const [inProcess, outOfProcess] = hostingModels;

beforeAll(async () => {
  sluice = await startSluice({
    listeners: 2,
    applicationPools: ['address', 'whole', 'band', 'band-out', 'free'].map((name) => ({ name })),
    server: { trustedProxies: ['127.0.0.1'] },
    sites: (port) => [
      site(port, 'address', { maxRequestsPerSecondPerAddress: 1, requestBurstPerAddress: 20 }),
      site(port, 'whole', { maxRequestsPerSecond: 1, requestBurst: 10 }),
      site(port, 'band', { maxBandwidth: 4_000_000, maxBandwidthPerAddress: 400_000 }, inProcess?.settings),
      site(port, 'band-out', { maxBandwidthPerAddress: 400_000 }, outOfProcess?.settings),
      site(port, 'free', {}),
    ],
  });
  for (const name of ['address', 'whole', 'band', 'band-out', 'free']) {
    await sluice.call('/', { host: `${name}.test`, headers: { 'x-forwarded-for': '198.51.100.77' } });
  }
}, 120_000);

afterAll(async () => {
  await sluice.stop();
});

test('a client gets its burst and then 429 over all listeners; another client is served', async () => {
  const ask = (client: string) => sluice.call('/', { host: 'address.test', headers: { 'x-forwarded-for': client } });
  const answers = await inParallel(
    Array.from({ length: 200 }, (_, n) => n),
    4,
    () => ask('203.0.113.5'),
  );
  const served = answers.filter(({ status }) => status === 200).length;
  // Each of the two listeners may let its burst through before it hears of the other.
  expect(served).toBeGreaterThanOrEqual(20);
  expect(served).toBeLessThan(60);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.headers['ratelimit-policy']).toBe('"address";q=20;w=20');
  expect(refused?.headers['ratelimit']).toMatch(/^"address";r=0;t=\d+$/);
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0);
  const other = await ask('203.0.113.6');
  expect([other.status, other.headers['ratelimit']]).toEqual([200, '"address";r=19;t=0']);
  const free = await sluice.call('/', { host: 'free.test' });
  expect([free.status, free.headers['ratelimit']]).toEqual([200, undefined]);
});

test('the limit of a site counts all clients, and a kept connection goes on behind 429', async () => {
  const client = await RawClient.connect(sluice.port);
  const one = 'GET / HTTP/1.1\r\nHost: whole.test\r\n\r\n';
  client.send(one.repeat(40));
  await until('every answer', () => statuses(client.text()).length === 40);
  const seen = statuses(client.text());
  expect(seen.filter((status) => status === 429).length).toBeGreaterThan(20);
  expect(seen.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
  expect(client.ended).toBe(false);
  client.close();
  await until('the refusals are counted', async () => (await sluice.metrics()).includes('reason="RequestRate"'));
});

test.each(['band', 'band-out'])('bandwidth per client paces answers and loses no byte (%s)', async (name) => {
  const ask = (client: string, count: number) =>
    sluice.call(`/bytes?count=${count}`, { host: `${name}.test`, headers: { 'x-forwarded-for': client } });
  const started = performance.now();
  const [slow] = await Promise.all([ask('203.0.113.9', 1_500_000), ask('203.0.113.10', 200_000)]);
  expect(slow?.body.length).toBe(1_500_000);
  // One second's worth is the burst, the rest comes at the rate; this bound is the promise, not a measurement.
  expect(performance.now() - started).toBeGreaterThan(1_500);
});
