/** Session tickets between real clients and two listeners' worth of contexts. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { connect, type SecureVersion } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { CertificateMaterial, RouteTls } from '../../../pools/protocol/snapshot.js';
import { TlsContexts } from '../../../server/listener/tls/contexts.js';
import { selfSigned } from '../../../server/primary/self-signed.js';
import { ManualClock } from '../../support/manual-clock.js';

const made = selfSigned({ commonName: 'a', names: ['a.test'], notBeforeMs: 0, notAfterMs: 4_000_000_000_000 });
const material: CertificateMaterial = { ...made, pfx: '', password: '', authorities: '', ocsp: '' };
const versions: readonly SecureVersion[] = ['TLSv1.3', 'TLSv1.2'];
const open: RouteTls = {
  key: 'open',
  policy: 'open',
  byName: false,
  maxVersion: 'TLSv1.3',
  http2: false,
  clientCertificates: 'off',
};
/** The same certificate; clients have to show theirs. */
const guarded: RouteTls = { ...open, key: 'guarded', policy: 'guarded', clientCertificates: 'require' };

function secretOf(byte: number): string {
  return Buffer.alloc(32, byte).toString('base64');
}

function vouchedBy(commonName: string): CertificateMaterial {
  const authority = selfSigned({ commonName, names: [], notBeforeMs: 0, notAfterMs: 4_000_000_000_000 });
  return { ...material, authorities: authority.certificate };
}

/** One listener's contexts; each policy has a port of its own. */
class Front {
  readonly contexts = new TlsContexts({
    clock: new ManualClock(),
    say: () => undefined,
    secured: (socket) => {
      socket.on('error', () => undefined);
      socket.end('done');
    },
  });
  /** What the primary hands over. */
  material = material;
  readonly #servers: Server[] = [];

  constructor() {
    this.contexts.setTicketSecret(secretOf(1));
  }

  async port(tls: RouteTls): Promise<number> {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      this.contexts.find(tls, 'a.test', (context) => context?.server.emit('connection', socket));
      this.contexts.receive(tls.key, '', this.material);
    });
    this.#servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** A file has changed. */
  replace(tls: RouteTls, by: CertificateMaterial): void {
    this.material = by;
    this.contexts.receive(tls.key, '', by);
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }
}

interface Visit {
  readonly isReused: boolean;
  readonly session: Buffer;
}

async function visit(port: number, version: SecureVersion, session?: Buffer): Promise<Visit> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: 'a.test',
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    ...(session === undefined ? {} : { session }),
  });
  let found: Buffer = Buffer.alloc(0);
  socket.on('session', (one: Buffer) => {
    found = one;
  });
  let isReused = false;
  socket.once('secureConnect', () => {
    isReused = socket.isSessionReused();
  });
  socket.resume();
  await once(socket, 'close');
  return { isReused, session: found };
}

let one: Front;
let other: Front;

beforeEach(() => {
  one = new Front();
  other = new Front();
});

afterEach(() => {
  one.close();
  other.close();
});

test.each(versions)('%s: a ticket of one listener holds at another', async (version) => {
  const first = await visit(await one.port(open), version);
  const again = await visit(await other.port(open), version, first.session);
  expect([first.isReused, again.isReused]).toEqual([false, true]);
});

test.each(versions)('%s: tickets of before are worth nothing after a new secret, new ones are', async (version) => {
  const port = await one.port(open);
  const first = await visit(port, version);
  one.contexts.setTicketSecret(secretOf(2));
  const after = await visit(port, version, first.session);
  expect(after.isReused).toBe(false);
  expect((await visit(port, version, after.session)).isReused).toBe(true);
  // A listener that was told too agrees, one that was not does not.
  const elsewhere = await other.port(open);
  expect((await visit(elsewhere, version, after.session)).isReused).toBe(false);
  other.contexts.setTicketSecret(secretOf(2));
  expect((await visit(elsewhere, version, after.session)).isReused).toBe(true);
});

test.each(versions)('%s: a ticket is worth nothing where clients are asked for more, or for less', async (version) => {
  const [plain, strict] = [await one.port(open), await one.port(guarded)];
  const free = await visit(plain, version);
  expect((await visit(strict, version, free.session)).isReused).toBe(false);
  const shown = await visit(strict, version);
  expect((await visit(plain, version, shown.session)).isReused).toBe(false);
  expect((await visit(strict, version, shown.session)).isReused).toBe(true);
});

test.each(versions)('%s: a session ends with the authorities that vouched for its client', async (version) => {
  const [before, after] = [vouchedBy('before'), vouchedBy('after')];
  const port = await one.port(guarded);
  one.material = before;
  const first = await visit(port, version);
  expect((await visit(port, version, first.session)).isReused).toBe(true);
  one.replace(guarded, after);
  const fresh = await visit(port, version, first.session);
  expect(fresh.isReused).toBe(false);
  // Every listener that was told of the change agrees.
  other.material = after;
  const elsewhere = await other.port(guarded);
  expect((await visit(elsewhere, version, fresh.session)).isReused).toBe(true);
  expect((await visit(elsewhere, version, first.session)).isReused).toBe(false);
});
