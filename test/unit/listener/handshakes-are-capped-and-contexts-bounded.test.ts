import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { tlsContextsMax } from '../../../config/base/limits.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import type { CertificateMaterial, RouteTls, Routes } from '../../../pools/protocol/snapshot.js';
import { ChallengeAnswers } from '../../../server/listener/challenges.js';
import type { RoutingState } from '../../../server/listener/context.js';
import { TlsContexts } from '../../../server/listener/tls/contexts.js';
import { TlsFront } from '../../../server/listener/tls/front.js';
import { selfSigned } from '../../../server/primary/self-signed.js';
import { Deadlines } from '../../../server/proxy/deadlines.js';
import { compileRoutes } from '../../../server/route/table.js';
import { ManualClock } from '../../support/manual-clock.js';
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

beforeEach(() => {
  clock = new ManualClock();
  said = [];
  server = createServer({ pauseOnConnect: true });
});

afterEach(() => {
  server.close();
});

test('contexts are made on demand and the one unused the longest goes', () => {
  const contexts = new TlsContexts({
    clock,
    say: (message) => said.push(message),
    secured: () => undefined,
    failed: () => undefined,
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
    failed: () => undefined,
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

test('handshakes beyond the rate wait their turn', async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const base = routesOf([{ host: 'a.test', port, scheme: 'https' }]);
  const routes: Routes = {
    ...base,
    bindings: base.bindings.map((one) => ({ ...one, tls })),
    settings: { ...base.settings, maxHandshakesPerSecond: 2 },
  };
  let secured = 0;
  let halfOpen = 0;
  const front = new TlsFront({
    clock,
    deadlines: new Deadlines(clock),
    challenges: new ChallengeAnswers(),
    routing: { table: compileRoutes(routes) } as unknown as RoutingState,
    say: (message) => {
      said.push(message);
      if (message.type === 'want-certificate') front.contexts.receive(message.key, message.name, material);
    },
    secured: ({ allowHalfOpen }) => {
      secured += 1;
      // Node takes it from the socket below, and such a pair is never collected.
      if (allowHalfOpen) halfOpen += 1;
    },
    date: () => '',
    count: () => undefined,
  });
  front.contexts.setTicketSecret(secret);
  front.apply(routes.bindings, routes.settings);
  server.on('connection', (socket) => front.accept(socket, Buffer.alloc(0), null));
  const clients = Array.from({ length: 5 }, () =>
    connect({ host: '127.0.0.1', port, servername: 'a.test', rejectUnauthorized: false }).on('error', () => undefined),
  );
  await until('the first two are through', () => secured === 2);
  for (const through of [4, 5]) {
    await until('the others have greeted', () => front.waiting > 5 - through - 1);
    clock.advance(1_100);
    await until('two more are through', () => secured === through);
  }
  expect([secured, halfOpen, front.waiting]).toEqual([5, 0, 0]);
  for (const client of clients) client.destroy();
}, 60_000);
