import { beforeEach, describe, expect, test } from '@jest/globals';
import { type DrainReceipt, emptyReceipt as nothing } from '../../../pools/protocol/listener-to-primary.js';
import type { PrimaryToListener } from '../../../pools/protocol/primary-to-listener.js';
import type { Routes, UpstreamWorker } from '../../../pools/protocol/snapshot.js';
import { RoutePublisher, type Subscriber } from '../../../server/primary/route-publisher.js';

class Listener implements Subscriber {
  readonly sent: PrimaryToListener[] = [];
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
  send(message: PrimaryToListener): void {
    this.sent.push(message);
  }
  types(): string[] {
    return this.sent.map((one) => one.type);
  }
}

const routes: Routes = {
  bindings: [],
  sites: [],
  applications: [],
  pools: [],
  settings: {
    headerWaitTimeoutMs: 1,
    minBytesPerSecond: 1,
    maxHandshakesPerSecond: 0,
    maxConnectionsPerAddress: 0,
    trustedProxies: [],
    affinityKey: '00',
    underscoresInHeaders: 'pass',
    accessLog: null,
    listeners: 1,
  },
};
const worker: UpstreamWorker = {
  workerId: 7,
  slot: 1,
  generation: 1,
  endpoint: { kind: 'link', socketPath: '/x', linkToken: 't' },
};

/** Whether it has settled once everything that was ready to run has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const open = {};
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
}

let now: number;
let publisher: RoutePublisher;
let first: Listener;
let second: Listener;

beforeEach(() => {
  now = 100;
  publisher = new RoutePublisher(() => now);
  publisher.publishRoutes(() => routes, null);
  first = new Listener(1);
  second = new Listener(2);
  for (const one of [first, second]) publisher.received(one.id, { type: 'ack', number: publisher.join(one) });
});

describe('acknowledgements', () => {
  test('a listener gets routes and upstreams when it joins', () => {
    expect(first.types()).toEqual(['routes', 'upstreams']);
  });

  test('a publication is acknowledged when every listener has acknowledged it', async () => {
    const number = publisher.publish([]);
    const done = publisher.whenAcknowledged(number);
    publisher.received(1, { type: 'ack', number });
    expect(await isSettled(done)).toBe(false);
    publisher.received(2, { type: 'ack', number });
    expect(await isSettled(done)).toBe(true);
  });

  test('a listener that is gone is not waited for', async () => {
    const number = publisher.publish([]);
    const done = publisher.whenAcknowledged(number);
    publisher.received(1, { type: 'ack', number });
    publisher.leave(2);
    expect(await isSettled(done)).toBe(true);
  });

  test('a listener that joins later never knew the older state and is not waited for', async () => {
    const number = publisher.publish([]);
    const done = publisher.whenAcknowledged(number);
    publisher.join(new Listener(3));
    publisher.received(1, { type: 'ack', number });
    publisher.received(2, { type: 'ack', number });
    expect(await isSettled(done)).toBe(true);
  });

  test('it is known since when an acknowledgement is owed', () => {
    expect(publisher.owesSinceMs(1)).toBeNull();
    const number = publisher.publish([]);
    now = 150;
    publisher.publish([]);
    expect(publisher.owesSinceMs(1)).toBe(100);
    publisher.received(1, { type: 'ack', number });
    expect(publisher.owesSinceMs(1)).toBe(150);
    publisher.received(1, { type: 'ack', number: number + 1 });
    expect(publisher.owesSinceMs(1)).toBeNull();
  });
});

describe('links', () => {
  test('every listener has to report its link', async () => {
    publisher.link('main/', worker);
    const done = publisher.whenLinked(7);
    publisher.received(1, { type: 'link', workerId: 7, up: true, error: '' });
    expect(await isSettled(done)).toBe(false);
    publisher.received(2, { type: 'link', workerId: 7, up: true, error: '' });
    expect(await isSettled(done)).toBe(true);
  });

  test('one failed link is a failure', async () => {
    publisher.link('main/', worker);
    const done = publisher.whenLinked(7);
    publisher.received(1, { type: 'link', workerId: 7, up: false, error: 'wrong hello' });
    await expect(done).rejects.toThrow('wrong hello');
  });

  test('a listener that joins meanwhile is asked too', async () => {
    publisher.link('main/', worker);
    const done = publisher.whenLinked(7);
    const third = new Listener(3);
    publisher.join(third);
    expect(third.types()).toContain('open-link');
    publisher.received(1, { type: 'link', workerId: 7, up: true, error: '' });
    publisher.received(2, { type: 'link', workerId: 7, up: true, error: '' });
    expect(await isSettled(done)).toBe(false);
    publisher.received(3, { type: 'link', workerId: 7, up: true, error: '' });
    expect(await isSettled(done)).toBe(true);
  });

  test('a worker that goes ends the wait', async () => {
    publisher.link('main/', worker);
    const done = publisher.whenLinked(7);
    void publisher.gone(7, 'crash');
    await expect(done).rejects.toThrow('gone');
  });
});

describe('drains', () => {
  test('receipts of all listeners are summed', async () => {
    const done = publisher.drain(7, 1000);
    publisher.received(1, { type: 'drained', workerId: 7, receipt: { ...nothing, inFlight: 2, drained: 2 } });
    expect(await isSettled(done)).toBe(false);
    publisher.received(2, { type: 'drained', workerId: 7, receipt: { ...nothing, inFlight: 3, drained: 2, cut: 1 } });
    expect(await done).toEqual({ ...nothing, inFlight: 5, drained: 4, cut: 1 });
  });

  test('a listener that dies or lost the worker has drained', async () => {
    const done = publisher.drain(7, 1000);
    publisher.received(1, {
      type: 'lost',
      workerId: 7,
      lines: [],
      suspects: [],
      receipt: { ...nothing, inFlight: 1, retried: 1 },
    });
    publisher.leave(2);
    expect(await done).toEqual({ ...nothing, inFlight: 1, retried: 1 });
  });

  test('what a killed worker took with it is added to what it drained', async () => {
    const lost = (listenerId: number, receipt: DrainReceipt): void =>
      publisher.received(listenerId, { type: 'lost', workerId: 7, lines: [], suspects: [], receipt });
    const drained = publisher.drain(7, 1000);
    publisher.received(1, { type: 'drained', workerId: 7, receipt: { ...nothing, inFlight: 2, drained: 2 } });
    const gone = publisher.gone(7, 'killed');
    lost(1, nothing);
    expect(await isSettled(gone)).toBe(false);
    lost(2, { ...nothing, inFlight: 3, drained: 1, cut: 2 });
    expect(await gone).toEqual({ ...nothing, inFlight: 5, drained: 3, cut: 2 });
    expect(await drained).toEqual(await gone);
  });

  test('a listener that dies takes its count with it, not the sum of the others', async () => {
    const gone = publisher.gone(7, 'crash');
    publisher.received(1, {
      type: 'lost',
      workerId: 7,
      lines: [],
      suspects: [],
      receipt: { ...nothing, inFlight: 1, cut: 1 },
    });
    publisher.leave(2);
    expect(await gone).toEqual({ ...nothing, inFlight: 1, cut: 1 });
  });

  test('asking twice is one drain', () => {
    expect(publisher.drain(7, 1000)).toBe(publisher.drain(7, 1000));
    expect(first.types().filter((type) => type === 'drain')).toHaveLength(1);
  });

  test('without listeners nothing is in flight', async () => {
    publisher.leave(1);
    publisher.leave(2);
    expect(await publisher.drain(7, 1000)).toEqual(nothing);
  });
});
