import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventsKept } from '../../../config/base/admin-limits.js';
import { silentLogger } from '../../../config/base/logger.js';
import { eventSchema, type NodeSample } from '../../../server/admin/events/event.js';
import { hashOf } from '../../../server/admin/frame/secrets.js';
import { type AdminListeners, listenAdmin } from '../../../server/admin/listen.js';
import { systemClock } from '../../../server/primary/clock.js';
import { adminSettings, adminWorld } from '../../support/admin-world.js';
import { openEvents } from '../../support/event-client.js';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const token = 't'.repeat(43);
const limited = { authorization: `Bearer ${token}` };
const folder = tempFolder();
const socket = join(folder, 'admin.sock');
const { control } = adminWorld();
const { events } = control;
let port: number;
let admin: AdminListeners;

const pools = ['a', 'b'].map((name) => ({
  name,
  state: 'Started',
  workers: 1,
  inFlight: 0,
  queue: 0,
  requestsPerSecond: 1,
  errorsPerSecond: 0,
  p50Ms: 1,
  p99Ms: 2,
  memoryBytes: 3,
  cpuPercent: 4,
  loopDelayMs: null,
}));
const sample: NodeSample = {
  kind: 'sample',
  atMs: 1,
  node: {
    ready: true,
    requestsPerSecond: 2,
    p99Ms: 0,
    errorsPerSecond: 0,
    connections: 1,
    primaryCpuPercent: 1,
    primaryMemoryBytes: 1,
    loadAverage: 1,
    memoryFreeBytes: 1,
    memoryTotalBytes: 1,
  },
  whole: true,
  pools,
};

beforeAll(async () => {
  port = await freePort();
  const tokens = [{ name: 'shop', hash: hashOf(token), role: 'viewer' as const, pools: ['a'] }];
  const settings = adminSettings({ listen: { host: '127.0.0.1', port }, socket, tokens });
  admin = await listenAdmin(control, { clock: systemClock, log: silentLogger, settings: () => settings });
});

afterAll(async () => {
  await admin.close();
  removeFolder(folder);
});

/** Comes after whatever was published before it. */
async function afterMark(client: Awaited<ReturnType<typeof openEvents>>, mark: number): Promise<void> {
  events.publish({ kind: 'rapid-fail', pool: 'a', eventId: mark });
  await client.first('rapid-fail', ({ data }) => data['eventId'] === mark);
}

describe('events', () => {
  test('are told as they happen, and after a break from where it was', async () => {
    const first = await openEvents(socket);
    expect((await first.first('hello')).data).toMatchObject({ resumed: false, version: '0.0.0' });
    events.publish({ kind: 'worker-started', pool: 'a', applicationId: 'main/', startMs: 1 });
    const { id } = await first.first('worker-started');
    first.close();
    await until('it is noticed', () => events.listeners === 0);
    events.publish({ kind: 'rapid-fail', pool: 'a', eventId: 5002 });
    events.publish({ kind: 'rapid-fail', pool: 'b', eventId: 5002 });
    const again = await openEvents(socket, { 'last-event-id': id });
    await afterMark(again, 1);
    expect(again.heard.map(({ event, data }) => [event, data['pool'] ?? data['resumed']])).toEqual([
      ['hello', true],
      ['rapid-fail', 'a'],
      ['rapid-fail', 'b'],
      ['rapid-fail', 'a'],
    ]);
    for (const { data } of again.heard) eventSchema.parse(data);
    again.close();
  });

  test('what cannot be told any more is said', async () => {
    const first = await openEvents(socket);
    await afterMark(first, 2);
    const { id } = await first.first('rapid-fail');
    first.close();
    for (let index = 0; index < eventsKept + 1; index += 1)
      events.publish({ kind: 'rapid-fail', pool: 'b', eventId: 0 });
    for (const lastId of [id, 'another-life-1', '', 'x', `${id}9999`]) {
      const client = await openEvents(socket, { 'last-event-id': lastId });
      expect([lastId, (await client.first('hello')).data['resumed']]).toEqual([lastId, false]);
      client.close();
    }
  });

  test('a token for some pools hears of those alone', async () => {
    const client = await openEvents(port, limited);
    await client.first('hello');
    events.publish({ kind: 'rapid-fail', pool: 'b', eventId: 5002 });
    events.publish({ kind: 'change', level: 'info', event: 'admin-change', fields: { caller: 'root' } });
    events.publish({ kind: 'server', level: 'info', event: 'x', fields: { pool: 'b' } });
    events.publishSample(sample);
    await afterMark(client, 3);
    expect(client.heard.map(({ event }) => event)).toEqual(['hello', 'sample', 'rapid-fail']);
    expect(client.heard[1]?.data['pools']).toEqual([pools[0]]);
    client.close();
  });

  test('only the kinds that were asked for come, and unknown ones are refused', async () => {
    const client = await openEvents(socket, {}, '/api/v1/events?kinds=rapid-fail,receipt');
    await client.first('hello');
    events.publishSample(sample);
    events.publish({ kind: 'worker-started', pool: 'a', applicationId: 'main/', startMs: 1 });
    await afterMark(client, 4);
    expect(client.heard.map(({ event }) => event)).toEqual(['hello', 'rapid-fail']);
    client.close();
    expect((await call(socket, '/api/v1/events?kinds=nothing')).status).toBe(400);
    expect((await call(port, '/api/v1/events')).status).toBe(401);
    expect(await call(socket, '/api/v1/events', { method: 'HEAD' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
    });
  });

  test('who does not read is cut; the others hear everything, and nobody is left in the books', async () => {
    await until('the others have gone', () => events.listeners === 0);
    const audience: boolean[] = [];
    events.audience = (listens) => void audience.push(listens);
    const slow = await openEvents(socket);
    const quick = await openEvents(socket);
    await quick.first('hello');
    slow.stopReading();
    const text = 'x'.repeat(100_000);
    // More than socket buffers hold.
    for (let index = 0; index < 200 && events.listeners > 1; index += 1) {
      events.publish({ kind: 'server', level: 'info', event: 'x', fields: { text, index } });
      await quick.first('server', ({ data }) => JSON.stringify(data).includes(`"index":${index}}`));
    }
    expect(events.listeners).toBe(1);
    expect(quick.isOpen()).toBe(true);
    quick.close();
    slow.close();
    await until('both have gone', () => audience.length === 2);
    expect(audience).toEqual([true, false]);
  });
});
