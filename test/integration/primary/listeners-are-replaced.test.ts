import { mainSite, plainBinding } from '../../support/routes.js';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../config/base/logger.js';
import type { Routes } from '../../../pools/protocol/snapshot.js';
import { systemClock } from '../../../server/primary/clock.js';
import type { FleetEvents } from '../../../server/primary/fleet-events.js';
import { ListenerFleet } from '../../../server/primary/listener-fleet.js';
import { QueueLedger } from '../../../server/primary/queue-ledger.js';
import { RoutePublisher } from '../../../server/primary/route-publisher.js';
import { ListeningSockets } from '../../../server/primary/sockets.js';
import { freePort } from '../../support/free-port.js';
import { app } from '../../support/paths.js';
import { isAlive } from '../../support/processes.js';
import { after, until } from '../../support/time.js';

function routes(affinityKey: string): Routes {
  return {
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
      affinityKey,
      underscoresInHeaders: 'pass',
      accessLog: null,
      listeners: 2,
    },
  };
}

/** The pid that answered, or what went wrong. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const cancel = after(20_000, () => socket.destroy(new Error('late')));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.once('error', (error) => {
      text = error.message;
    });
    socket.once('close', () => {
      cancel();
      resolve(text === '' ? 'cut' : text);
    });
  });
}

let sockets: ListeningSockets;
let publisher: RoutePublisher;
let fleet: ListenerFleet;
let port: number;
let gone: number[];
let replaced: number;

function bind(...ports: number[]): ReturnType<ListeningSockets['prepare']> {
  const prepared = sockets.prepare([mainSite(ports.map((one) => plainBinding('127.0.0.1', one)))]);
  prepared.commit();
  return prepared;
}

beforeEach(async () => {
  port = await freePort();
  gone = [];
  replaced = 0;
  sockets = new ListeningSockets();
  publisher = new RoutePublisher(() => systemClock.monotonicMs());
  publisher.publishRoutes(() => routes(''), null);
  const nothing = (): void => undefined;
  const events: FleetEvents = {
    needWorker: nothing,
    busy: nothing,
    served: nothing,
    unreachable: nothing,
    lost: nothing,
    activity: nothing,
    counters: nothing,
    joined: nothing,
    traced: nothing,
    gone: (id) => gone.push(id),
    replaced: () => {
      replaced += 1;
    },
  };
  fleet = new ListenerFleet({
    clock: systemClock,
    logger: silentLogger,
    entry: join(app('fake-listener'), 'main.mjs'),
    identity: null,
    sockets,
    publisher,
    ledger: new QueueLedger(),
    events,
    certificates: { ticketSecret: { type: 'ticket-secret', secret: '' }, wanted: nothing },
  });
});

afterEach(async () => {
  const pids = fleet.pids();
  await fleet.close();
  sockets.close();
  await until('no listener is left', () => pids.every((pid) => !isAlive(pid)));
});

describe('a listener', () => {
  test('that is killed is replaced, and no connection is refused meanwhile', async () => {
    bind(port);
    await fleet.start(2);
    const before = fleet.pids();
    for (const pid of before) process.kill(pid, 'SIGKILL');
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(port)));
    expect(answers.filter((text) => text.includes('ECONNREFUSED'))).toEqual([]);
    await until('both are back', () => replaced === 2 && fleet.isComplete());
    expect(fleet.pids().some((pid) => before.includes(pid))).toBe(false);
    expect(fleet.pids().map(String)).toContain(await ask(port));
    expect(gone).toHaveLength(2);
  });

  test('that falls silent is killed and replaced; publications do not wait for it', async () => {
    bind(port);
    await fleet.start(2);
    const [stuck = -1] = fleet.pids();
    process.kill(stuck, 'SIGSTOP');
    await publisher.whenAcknowledged(publisher.publish([]));
    await until('it is gone', () => !isAlive(stuck));
    await until('it is replaced', () => fleet.isComplete());
    expect(fleet.pids()).not.toContain(stuck);
  });

  test('that dies before it is ready, again and again, fails the start', async () => {
    bind(port);
    publisher.publishRoutes(() => routes('die'), null);
    await expect(fleet.start(1)).rejects.toThrow('end before they are ready');
  });

  test('follows sockets and numbers as they change', async () => {
    bind(port);
    await fleet.start(1);
    const other = await freePort();
    const change = bind(other);
    fleet.applySockets(change.added, change.removed);
    await fleet.whenComplete();
    expect(fleet.pids().map(String)).toContain(await ask(other));
    await until('the old port is closed', async () => (await ask(port)).includes('ECONNREFUSED'));
    fleet.resize(3);
    await fleet.whenComplete();
    expect(fleet.pids()).toHaveLength(3);
    const all = fleet.pids();
    fleet.resize(1);
    await until('two have ended', () => all.filter(isAlive).length === 1);
    expect(replaced).toBe(0);
  });

  test('that is one too many and stuck is killed; publications do not wait for it', async () => {
    bind(port);
    await fleet.start(2);
    const stuck = fleet.pids()[1] ?? -1;
    process.kill(stuck, 'SIGSTOP');
    fleet.resize(1);
    expect(fleet.pids()).not.toContain(stuck);
    await publisher.whenAcknowledged(publisher.publish([]));
    await until('it is gone', () => !isAlive(stuck));
    expect(replaced).toBe(0);
  });

  test('that is one too many ends with the fleet', async () => {
    bind(port);
    await fleet.start(2);
    const stuck = fleet.pids()[1] ?? -1;
    process.kill(stuck, 'SIGSTOP');
    fleet.resize(1);
    await fleet.close();
    expect(isAlive(stuck)).toBe(false);
    expect(gone).toHaveLength(2);
  });

  test('ends when it is told to', async () => {
    bind(port);
    await fleet.start(2);
    const pids = fleet.pids();
    await fleet.shutdown(5_000);
    await until('both have ended', () => pids.every((pid) => !isAlive(pid)));
    expect(replaced).toBe(0);
  });
});
