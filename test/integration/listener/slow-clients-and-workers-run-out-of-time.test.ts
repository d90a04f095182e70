import { afterEach, describe, expect, test } from '@jest/globals';
import { ListenerHarness } from '../../support/listener-harness.js';
import { startWorld, type World } from '../../support/listener-worlds.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { ok, RawWorker } from '../../support/raw-worker.js';
import { pause, until } from '../../support/time.js';

let stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});

async function listenerWith(
  options: Parameters<typeof ListenerHarness.start>[0],
  answers = true,
): Promise<ListenerHarness> {
  const worker = await RawWorker.start((_head, connection) => {
    if (answers) worker.reply(connection, ok('x'));
  });
  const listener = await ListenerHarness.start(options);
  stops.push(
    () => listener.stop(),
    () => worker.stop(),
  );
  await listener.publish([listener.tcpWorker(worker.port)]);
  return listener;
}

test('a head that trickles in is 408 although bytes keep coming', async () => {
  const listener = await listenerWith({ settings: { headerWaitTimeoutMs: 1_000 } });
  const client = await RawClient.connect(listener.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n');
  for (let turn = 0; !client.ended && turn < 200; turn += 1) {
    client.send(`X-${turn}: y\r\n`);
    await pause(50);
  }
  expect(statuses(client.text())).toEqual([408]);
});

test('an idle kept connection is closed after connectionTimeout', async () => {
  const listener = await listenerWith({ site: { connectionTimeoutMs: 700 } });
  const client = await RawClient.connect(listener.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(statuses(await client.finishes())).toEqual([200]);
});

test('an upload that stands still is 408 after connectionTimeout', async () => {
  const listener = await listenerWith({ site: { connectionTimeoutMs: 700 } }, false);
  const client = await RawClient.connect(listener.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc');
  const text = await client.finishes();
  expect(text).toMatch(/^HTTP\/1\.1 408 [^]*EntityBody/);
});

test('an upload below minBytesPerSecond is 408 after the grace', async () => {
  const listener = await listenerWith({ settings: { minBytesPerSecond: 1_000_000 } }, false);
  const client = await RawClient.connect(listener.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
  for (let turn = 0; !client.ended && turn < 400; turn += 1) {
    client.send('x'.repeat(100));
    await pause(50);
  }
  expect(client.text()).toContain('MinBytesPerSecond');
});

test('a client that reads nothing is cut off, a worker that thinks is not', async () => {
  const world = await startWorld('OutOfProcess', { site: { connectionTimeoutMs: 1_500 } });
  stops.push(() => world.stop());
  const reader = await RawClient.connect(world.listener.port);
  reader.socket.pause();
  reader.send('GET /download?bytes=50000000 HTTP/1.1\r\nHost: a\r\n\r\n');
  const thinker = await RawClient.connect(world.listener.port);
  thinker.send('GET /never HTTP/1.1\r\nHost: a\r\n\r\n');
  await pause(4_000);
  reader.socket.resume();
  await reader.finishes();
  expect(reader.bytes().length).toBeLessThan(50_000_000);
  expect(thinker.ended).toBe(false);
  thinker.close();
});

describe('requestTimeout', () => {
  const expectTimeout = async (world: World): Promise<void> => {
    stops.push(() => world.stop());
    const client = await RawClient.connect(world.listener.port);
    client.send('GET /never HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await client.finishes()).toMatch(/^HTTP\/1\.1 504 [^]*UpstreamTimeout/);
  };
  test('out-of-process', async () => {
    await expectTimeout(await startWorld('OutOfProcess', { application: { requestTimeoutMs: 700 } }));
    expect(stops).toHaveLength(1);
  });
  test('in-process, where it is set', async () => {
    await expectTimeout(await startWorld('InProcess', { application: { requestTimeoutMs: 700 } }));
    expect(stops).toHaveLength(1);
  });
});

describe('site limits', () => {
  test('maxConnections: one more is 503 ConnLimit, and there is room again when one leaves', async () => {
    const listener = await listenerWith({ site: { maxConnections: 1 } });
    const first = await RawClient.connect(listener.port);
    first.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await first.receives('200 OK');
    const second = await RawClient.connect(listener.port);
    second.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await second.finishes()).toContain('ConnLimit');
    first.close();
    await until('there is room', async () => {
      const third = await RawClient.connect(listener.port);
      third.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      return statuses(await third.finishes())[0] === 200;
    });
    expect(listener.isAlive).toBe(true);
  });
});
