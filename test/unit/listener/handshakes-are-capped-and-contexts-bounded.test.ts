import { once } from 'node:events';
import { type AddressInfo, connect as connectPlainly, createServer, type Server, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { missingCertificatesMax } from '../../../config/base/certificate-limits.js';
import { tlsContextsMax } from '../../../config/base/limits.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import type { CertificateMaterial, RouteTls } from '../../../pools/protocol/snapshot.js';
import { Arrival } from '../../../server/listener/arrival.js';
import { ChallengeAnswers } from '../../../server/listener/challenges.js';
import { TlsContexts } from '../../../server/listener/tls/contexts.js';
import { FairQueue } from '../../../server/listener/tls/fair-queue.js';
import { TlsFront } from '../../../server/listener/tls/front.js';
import { heldForSocketBelow } from '../../../server/listener/tls/socket-below.js';
import { selfSigned } from '../../../server/primary/self-signed.js';
import { Deadlines } from '../../../server/proxy/deadlines.js';
import { compileRoutes } from '../../../server/route/table.js';
import { clientHello } from '../../support/client-hello.js';
import { freePort } from '../../support/free-port.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RawClient } from '../../support/raw-client.js';
import { routesOf } from '../../support/routes.js';
import { until } from '../../support/time.js';

const made = selfSigned({ commonName: 'a', names: ['a.test'], notBeforeMs: 0, notAfterMs: 4_000_000_000_000 });
const material: CertificateMaterial = { ...made, pfx: '', password: '', authorities: '', ocsp: '' };
const tls: RouteTls = {
  key: 'key',
  policy: 'policy',
  byName: true,
  maxVersion: 'TLSv1.3',
  http2: true,
  clientCertificates: 'off',
};
const secret = Buffer.alloc(32).toString('base64');

let clock: ManualClock;
let said: ListenerToPrimary[];
let server: Server;
/** Ends of connections, ours and theirs. */
let sockets: Socket[];

beforeEach(() => {
  clock = new ManualClock();
  said = [];
  sockets = [];
  server = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket));
});

afterEach(() => {
  server.close();
  for (const socket of sockets) socket.destroy();
});

test('contexts are made on demand and the one unused the longest goes', () => {
  const contexts = new TlsContexts({
    clock,
    say: (message) => said.push(message),
    secured: () => undefined,
  });
  contexts.setTicketSecret(secret);
  const asked = (): number => said.filter((one) => one.type === 'want-certificate').length;
  const found: boolean[] = [];
  const find = (name: string): void => contexts.find(tls, name, (context) => found.push(context !== null));
  for (let index = 0; index < tlsContextsMax; index += 1) {
    find(`${index}.test`);
    contexts.receive(tls.key, `${index}.test`, material);
  }
  expect([asked(), found.every(Boolean)]).toEqual([tlsContextsMax, true]);
  find('0.test');
  find('new.test');
  contexts.receive(tls.key, 'new.test', material);
  find('0.test');
  expect(asked()).toBe(tlsContextsMax + 1);
  find('1.test');
  expect(asked()).toBe(tlsContextsMax + 2);
}, 60_000);

test('a certificate that is not there is not asked for by every client', () => {
  const contexts = new TlsContexts({
    clock,
    say: (message) => said.push(message),
    secured: () => undefined,
  });
  const answers: unknown[] = [];
  const find = (): void => contexts.find(tls, 'a.test', (context) => answers.push(context));
  find();
  find();
  expect(said).toHaveLength(1);
  contexts.receive(tls.key, 'a.test', null);
  find();
  expect([said.length, answers]).toEqual([1, [null, null, null]]);
  clock.advance(10_000);
  find();
  expect(said).toHaveLength(2);
});

test('names without a certificate take the place of none, however many clients bring', () => {
  const contexts = new TlsContexts({
    clock,
    say: (message) => said.push(message),
    secured: () => undefined,
  });
  const found: boolean[] = [];
  const find = (name: string): void => contexts.find(tls, name, (context) => found.push(context !== null));
  const refuse = (index: number): void => {
    find(`random${index}.test`);
    contexts.receive(tls.key, `random${index}.test`, null);
  };
  find('a.test');
  contexts.receive(tls.key, 'a.test', material);
  const random = 2 * (tlsContextsMax + missingCertificatesMax);
  for (let index = 0; index < random; index += 1) refuse(index);
  find('a.test');
  expect([said.length, found[0], found.at(-1)]).toEqual([random + 1, true, true]);
  // The latest are remembered, the oldest are not.
  find(`random${random - missingCertificatesMax}.test`);
  expect(said).toHaveLength(random + 1);
  find(`random${random - missingCertificatesMax - 1}.test`);
  expect(said).toHaveLength(random + 2);
  // News of a name that was missing: the next client asks for it.
  contexts.receive(tls.key, `random${random - 1}.test`, material);
  find(`random${random - 1}.test`);
  expect(said).toHaveLength(random + 3);
});

/** It is closed at the end of the test, however that comes. */
function kept<S extends Socket>(socket: S): S {
  sockets.push(socket.on('error', () => undefined));
  return socket;
}

/** A front behind `server`, and what it counts. `address`: who a load balancer says the next client is. */
class Scene {
  readonly counted: string[] = [];
  readonly arrivals = new Set<Arrival>();
  /** Who the client is, by our end of its connection. */
  readonly sources = new Map<string | undefined, string | undefined>();
  front: TlsFront | null = null;
  port = 0;
  secured = 0;
  halfOpen = 0;
  address = '192.0.2.1';

  static async begin(maxHandshakesPerSecond: number): Promise<Scene> {
    const scene = new Scene();
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    scene.port = (server.address() as AddressInfo).port;
    const base = routesOf([{ host: 'a.test', port: scene.port, scheme: 'https' }]);
    const bindings = base.bindings.map((one) => ({ ...one, tls }));
    const table = compileRoutes({ ...base, bindings });
    const front = new TlsFront({
      clock,
      deadlines: new Deadlines(clock),
      challenges: new ChallengeAnswers(),
      table: () => table,
      say: (message) => {
        if (message.type === 'want-certificate') front.contexts.receive(message.key, message.name, material);
      },
      secured: ({ allowHalfOpen, localAddress }, arrival) => {
        scene.secured += 1;
        scene.sources.set(localAddress, arrival.source?.address);
        // Node takes it from the socket below, and such a pair is never collected.
        if (allowHalfOpen) scene.halfOpen += 1;
        scene.arrivals.delete(arrival);
      },
      date: () => '',
      count: (result) => scene.counted.push(result),
    });
    front.contexts.setTicketSecret(secret);
    front.apply(bindings, { ...base.settings, maxHandshakesPerSecond });
    scene.front = front;
    server.on('connection', (socket) => {
      const arrival = new Arrival(socket, clock, () => scene.arrivals.delete(arrival));
      arrival.source = { address: scene.address, port: 1 };
      scene.arrivals.add(arrival);
      front.accept(arrival, Buffer.alloc(0));
    });
    return scene;
  }

  get waiting(): number {
    return this.front?.waiting ?? -1;
  }

  /** Clients that complete their handshake. */
  clients(count: number): TLSSocket[] {
    const options = { host: '127.0.0.1', port: this.port, servername: 'a.test', rejectUnauthorized: false };
    return Array.from({ length: count }, () => kept(connect(options)));
  }

  /** Clients that greet and then say nothing more. */
  async mute(count: number): Promise<RawClient[]> {
    const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(this.port)));
    for (const client of clients) kept(client.socket).write(clientHello('a.test'));
    return clients;
  }
}

test('handshakes beyond the rate wait their turn', async () => {
  const scene = await Scene.begin(2);
  scene.clients(5);
  await until('the first two are through', () => scene.secured === 2);
  for (const through of [4, 5]) {
    await until('the others have greeted', () => scene.waiting > 5 - through - 1);
    clock.advance(1_100);
    await until('two more are through', () => scene.secured === through);
  }
  expect([scene.secured, scene.halfOpen, scene.waiting, scene.arrivals.size]).toEqual([5, 0, 0, 0]);
}, 60_000);

test('clients that have gone cost nobody a turn, and one address not those of others', async () => {
  const scene = await Scene.begin(1);
  scene.clients(1);
  await until('the first is through', () => scene.secured === 1);
  const gone = await scene.mute(20);
  await until('twenty wait', () => scene.waiting === 20);
  for (const client of gone) client.close();
  await until('none of them waits any more', () => scene.waiting === 0);
  await scene.mute(20);
  await until('twenty others wait', () => scene.waiting === 20);
  scene.address = '192.0.2.2';
  scene.clients(1);
  await until('and one from elsewhere', () => scene.waiting === 21);
  // One turn for each of the two addresses.
  clock.advance(1_100);
  clock.advance(1_100);
  await until('it is through', () => scene.secured === 2);
  expect(scene.waiting).toBe(19);
}, 60_000);

test('two connections from one end to two addresses are told apart', async () => {
  const scene = await Scene.begin(2);
  const clients = scene.clients(2);
  await until('others have taken all turns', () => scene.secured === 2);
  scene.sources.clear();
  const from = { localAddress: '127.0.0.1', localPort: await freePort() };
  for (const host of ['127.0.0.2', '127.0.0.3']) {
    scene.address = `client of ${host}`;
    const socket = kept(connectPlainly({ ...from, host, port: scene.port }));
    const options = { socket, servername: 'a.test', rejectUnauthorized: false };
    clients.push(kept(connect(options)));
    await until('it has greeted', () => scene.waiting === clients.length - 2);
  }
  clock.advance(1_100);
  await until('both are through', () => scene.secured === 4);
  const told = ['127.0.0.2', '127.0.0.3'].map((address) => [address, `client of ${address}`] as const);
  expect(scene.sources).toEqual(new Map(told));
}, 60_000);

test('where Node does not tell which socket TLS was made over, the ends of the connection do', () => {
  const ends = { remoteAddress: '192.0.2.1', remotePort: 1, localAddress: '192.0.2.9', localPort: 443 };
  const socketOf = (more: object): Socket => Object.assign(Object.create(null), { ...ends, ...more });
  const held = new Map([
    [socketOf({ remotePort: 2 }), 'another port'],
    [socketOf({ localAddress: '192.0.2.8' }), 'another address'],
    [socketOf({}), 'this one'],
  ]);
  expect(heldForSocketBelow(socketOf({}) as TLSSocket, held)).toBe('this one');
  expect(heldForSocketBelow(socketOf({ remotePort: 3 }) as TLSSocket, held)).toBeUndefined();
});

test('a client that greets and then says nothing is closed when its time is over', async () => {
  const scene = await Scene.begin(0);
  const [begun] = await scene.mute(1);
  await until('the server has answered its hello', () => (begun?.text().length ?? 0) > 500);
  const [silent, partly] = await Promise.all([RawClient.connect(scene.port), RawClient.connect(scene.port)]);
  for (const one of [silent, partly]) kept(one.socket);
  partly.send(clientHello('a.test').subarray(0, 9));
  await until('all have arrived', () => scene.arrivals.size === 3);
  clock.advance(9_000);
  expect([scene.arrivals.size, scene.counted]).toEqual([3, []]);
  clock.advance(2_000);
  await until('all are closed', () => scene.arrivals.size === 0 && [begun, silent, partly].every((one) => one?.ended));
  expect(scene.counted).toEqual(['timeout', 'timeout', 'timeout']);
  const [failing] = await scene.mute(1);
  await until('its handshake is under way', () => (failing?.text().length ?? 0) > 500);
  failing?.close();
  await until('a broken one has failed', () => scene.arrivals.size === 0);
  expect(scene.counted.slice(3)).toEqual(['failed']);
}, 60_000);

test('what waits takes turns by sender, and the one with the most loses one for a newcomer', () => {
  const queue = new FairQueue<string>(4);
  for (const item of ['a1', 'a2', 'a3', 'b1']) expect(queue.push(item.slice(0, 1), item)).toBeNull();
  expect([queue.push('a', 'a4'), queue.push('b', 'b2'), queue.size]).toEqual(['a4', 'a1', 4]);
  expect(queue.push('b', 'b3')).toBe('b3');
  queue.delete('a', 'a2');
  queue.delete('a', 'nobody');
  queue.push('c', 'c1');
  const order = Array.from({ length: 5 }, () => queue.shift());
  expect([order, queue.size]).toEqual([['a3', 'b1', 'c1', 'b2', undefined], 0]);
});
