/** One server with many kinds of https bindings, and what real clients see of it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clientHello } from '../../support/client-hello.js';
import { call } from '../../support/http-client.js';
import { freePort } from '../../support/free-port.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { type MadeCertificate, openssl, TestAuthority, writePfx } from '../../support/test-certificates.js';
import { until } from '../../support/time.js';
import { handshake, tlsCall } from '../../support/tls-client.js';

const folder = tempFolder('tls');
const authority = new TestAuthority(join(folder, 'ca'));
const clients = new TestAuthority(join(folder, 'clients'), 'Clients');
const strangers = new TestAuthority(join(folder, 'strangers'), 'Strangers');
const certificates = {
  shop: authority.issue({ names: ['shop.test'], kind: 'rsa' }),
  wild: authority.issue({ names: ['*.wild.test'] }),
  multi: authority.issue({ names: ['one.test', 'two.test', 'off.test', 'accept.test', 'require.test'] }),
  fallback: authority.issue({ names: ['fallback.test'] }),
};
const store = join(folder, 'store');
const client = clients.issue({ usage: 'clientAuth' });
const stranger = strangers.issue({ usage: 'clientAuth' });
/** Replaced while the server runs. */
const live = { certFile: join(folder, 'live.pem'), keyFile: join(folder, 'live.key') };

/** Of RFC 8446: types of records, descriptions of alerts. */
const [alertRecord, handshakeRecord] = [21, 22];
const [decodeError, unrecognizedName] = [50, 112];

let server: Sluice;
let other = 0;
let plain = 0;
let local = 0;

function place(made: MadeCertificate, certFile: string, keyFile: string): void {
  copyFileSync(made.certFile, certFile);
  copyFileSync(made.keyFile, keyFile);
}

function replaceLive(made: { readonly cert: string; readonly key: string }): void {
  for (const [file, text] of [
    [live.certFile, made.cert],
    [live.keyFile, made.key],
  ] as const) {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
}

function files({ certFile, keyFile }: { readonly certFile: string; readonly keyFile: string }): Settings {
  return { certFile, keyFile };
}

function https(port: number, host: string, certificate?: Settings, more: Settings = {}): Settings {
  const own = certificate === undefined ? {} : { certificate };
  return { protocol: 'https', bindingInformation: `*:${port}:${host}`, ...own, ...more };
}

/** With a pool of its own. */
function site(name: string, bindings: readonly Settings[], more: Settings = {}, hosting: Settings = {}): Settings {
  const applications = [{ path: '/', applicationPool: name, physicalPath: app('plain'), ...hosting }];
  return { name, bindings, applications, ...more };
}

const program: Settings = { hostingModel: 'OutOfProcess', processPath: process.execPath, arguments: 'index.js' };

beforeAll(async () => {
  mkdirSync(join(store, 'live.store.test'), { recursive: true });
  const stored = authority.issue({ names: ['a.store.test'] });
  place(stored, join(store, 'a.store.test.pem'), join(store, 'a.store.test.key'));
  writePfx(authority.issue({ names: ['b.store.test'] }), join(store, 'b.store.test.pfx'), 'secret-word');
  const certbot = authority.issue({ names: ['live.store.test'] });
  const at = join(store, 'live.store.test');
  place(certbot, join(at, 'fullchain.pem'), join(at, 'privkey.pem'));
  const wild = authority.issue({ names: ['*.deep.test'] });
  place(wild, join(store, '_.deep.test.pem'), join(store, '_.deep.test.key'));
  const several = authority.issue({ names: ['x.several.test', 'y.several.test'] });
  writeFileSync(join(store, 'bundle.pem'), several.cert + several.key);
  writePfx(certificates.fallback, join(folder, 'fallback.pfx'), 'secret-word');
  replaceLive(authority.issue({ names: ['live.test'] }));
  const asked = (mode: string): Settings => ({ clientCertificates: { mode, authoritiesFile: clients.file } });
  server = await startSluice({
    server: { certificateStore: { path: store, password: 'secret-word' } },
    applicationPools: ['main', 'accept', 'require', 'secure'].map((name) => ({ name })),
    sites: async (port) => {
      [other, plain, local] = [await freePort(), await freePort(), await freePort()];
      return [
        site('main', [
          https(port, 'shop.test', files(certificates.shop)),
          https(port, '*.wild.test', files(certificates.wild)),
          https(port, 'one.test', files(certificates.multi)),
          https(port, 'two.test', files(certificates.multi), { sslFlags: 32 }),
          https(port, '*.store.test'),
          https(port, '*.deep.test'),
          https(port, '*.several.test'),
          https(port, 'live.test', files(live)),
          https(port, 'off.test', files(certificates.multi)),
          https(other, '', { pfxFile: join(folder, 'fallback.pfx'), password: 'secret-word' }),
          { protocol: 'https', bindingInformation: `127.0.0.1:${local}:`, certificate: 'development' },
        ]),
        site('accept', [https(port, 'accept.test', files(certificates.multi))], asked('accept')),
        site('require', [https(port, 'require.test', files(certificates.multi))], asked('require'), {
          hosting: program,
        }),
        site(
          'secure',
          [
            { protocol: 'http', bindingInformation: `*:${plain}:` },
            https(other, 'secure.test', files(certificates.multi)),
          ],
          { hsts: { enabled: true, 'max-age': 600, includeSubDomains: true, redirectHttpToHttps: true } },
        ),
      ];
    },
  });
}, 180_000);

afterAll(async () => {
  await server.stop();
  removeFolder(folder);
}, 90_000);

async function shownFor(servername: string): Promise<string> {
  const answer = await tlsCall(server.port, { servername });
  expect(answer.status).toBe(200);
  return answer.commonName;
}

/** What the server logged; keys are looked for in it. */
function log(): string {
  return readFileSync(join(server.folder, 'log', 'sluice.log'), 'utf8') + server.output();
}

describe('a certificate is chosen by the name that the client asks for', () => {
  test('from the binding: exact, wildcard, several names', async () => {
    expect(await shownFor('shop.test')).toBe('shop.test');
    expect(await shownFor('SHOP.test')).toBe('shop.test');
    expect(await shownFor('a.wild.test')).toBe('*.wild.test');
    expect(await shownFor('one.test')).toBe('one.test');
  }, 60_000);

  test('from the folder: PEM pair, PKCS #12, certbot’s layout, wildcard, several names', async () => {
    expect(await shownFor('a.store.test')).toBe('a.store.test');
    expect(await shownFor('b.store.test')).toBe('b.store.test');
    expect(await shownFor('live.store.test')).toBe('live.store.test');
    expect(await shownFor('any.deep.test')).toBe('*.deep.test');
    expect(await shownFor('y.several.test')).toBe('x.several.test');
  }, 60_000);

  test('without a certificate for a name the handshake fails, and a file that comes later is found', async () => {
    await expect(handshake(server.port, { servername: 'late.store.test' })).rejects.toThrow(/alert/);
    const made = authority.issue({ names: ['late.store.test'] });
    place(made, join(store, 'late.store.test.pem'), join(store, 'late.store.test.key'));
    await until('the new file serves', () =>
      handshake(server.port, { servername: 'late.store.test' }).then(
        (socket) => Boolean(socket.destroy()),
        () => false,
      ),
    );
  }, 60_000);

  test('a default certificate is shown only where a binding without host has one', async () => {
    for (const servername of ['', 'unknown.test']) {
      await expect(handshake(server.port, { servername })).rejects.toThrow(/unrecognized name/);
      expect((await tlsCall(other, { servername, hostField: 'x.test' })).commonName).toBe('fallback.test');
    }
  }, 60_000);

  test('on a loopback address without a certificate, one for development is made', async () => {
    const answer = await tlsCall(local, { servername: 'localhost', rejectUnauthorized: false });
    expect([answer.status, answer.commonName]).toEqual([200, 'Sluice development certificate']);
    const ca = readFileSync(join(server.folder, 'state', 'development-certificate.pem'));
    const trusting = await tlsCall(local, { servername: 'localhost', ca, rejectUnauthorized: true });
    expect(trusting.status).toBe(200);
  }, 60_000);
});

describe('protocols', () => {
  test('TLS 1.3 and 1.2 with AEAD ciphers; nothing older, nothing weaker', async () => {
    expect((await tlsCall(server.port, { servername: 'shop.test' })).protocol).toBe('TLSv1.3');
    const older = await tlsCall(server.port, { servername: 'shop.test', maxVersion: 'TLSv1.2' });
    expect(older.protocol).toBe('TLSv1.2');
    expect((await tlsCall(server.port, { servername: 'two.test' })).protocol).toBe('TLSv1.2');
    const refused = (...args: string[]): string => {
      try {
        const where = ['-connect', `127.0.0.1:${server.port}`, '-servername', 'shop.test'];
        openssl('s_client', ...where, '-cipher', 'ALL:@SECLEVEL=0', ...args);
      } catch (error) {
        return String((error as { stderr?: string }).stderr);
      }
      return '';
    };
    expect(refused('-tls1_1')).toMatch(/alert protocol version/);
    expect(refused('-tls1_2', '-cipher', 'AES128-GCM-SHA256')).toMatch(/handshake failure/);
    expect(refused('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA256')).toMatch(/handshake failure/);
  }, 60_000);

  test('ALPN: http/1.1, and no handshake without a protocol in common', async () => {
    expect((await tlsCall(server.port, { servername: 'shop.test' })).alpn).toBe('http/1.1');
    const strange = handshake(server.port, { servername: 'shop.test', ALPNProtocols: ['telnet'] });
    await expect(strange).rejects.toThrow(/no application protocol/);
  }, 60_000);

  test('plain HTTP on a port of TLS, and TLS on a port of plain HTTP, are told so', async () => {
    const answer = await call(server.port, '/');
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('HttpOnTlsPort')]);
    await expect(handshake(plain)).rejects.toThrow(/wrong version number|packet length/);
    const garbage = await RawClient.connect(server.port);
    garbage.socket.write(Buffer.from([22, 3, 1, 0, 5, 2, 0, 0, 1, 0]));
    await until('the broken hello is refused', () => garbage.ended);
  }, 60_000);

  test('curl agrees', () => {
    const to = `shop.test:${server.port}:127.0.0.1`;
    const url = `https://shop.test:${server.port}/`;
    const text = execFileSync('curl', ['-s', '--http1.1', '--cacert', authority.file, '--resolve', to, url]);
    expect(text.toString()).toBe('plain\n');
  });

  test('a handshake that never ends is cut off, in the hello and behind it', async () => {
    const [partly, mute] = await Promise.all([RawClient.connect(server.port), RawClient.connect(server.port)]);
    partly.send(Buffer.from([22, 3, 1, 2, 0, 1]));
    mute.send(clientHello('shop.test'));
    await until('both are closed', () => partly.ended && mute.ended, { withinMs: 60_000 });
    expect([partly.bytes().length, mute.bytes()[0]]).toEqual([0, handshakeRecord]);
    await until('they are counted', async () =>
      (await server.metrics()).includes('handshakes_total{version="none",result="timeout"} 2'),
    );
  }, 90_000);

  test('names that are none, that no host can have, or that are written otherwise', async () => {
    const firstBytes = async (port: number, name: string): Promise<readonly number[]> => {
      const raw = await RawClient.connect(port);
      raw.send(clientHello(name));
      await until('the hello is answered', () => raw.bytes().length >= 7);
      raw.close();
      return raw.bytes()[0] === alertRecord ? [...raw.bytes().subarray(0, 7)] : [handshakeRecord];
    };
    const alert = (description: number): readonly number[] => [alertRecord, 3, 1, 0, 2, 2, description];
    expect(await firstBytes(server.port, 'SHOP.Test')).toEqual([handshakeRecord]);
    expect(await firstBytes(server.port, '10.200.30.4')).toEqual(alert(unrecognizedName));
    expect(await firstBytes(other, '10.200.30.4')).toEqual([handshakeRecord]);
    for (const name of ['a'.repeat(300), 'shop.test\0.evil.test', '\0', 'shop..test', 'shop.test/']) {
      expect([name, await firstBytes(other, name)]).toEqual([name, alert(decodeError)]);
    }
    // An address is no name: the certificate shown is the default one, which does not hold for this host.
    const input = 'GET / HTTP/1.1\r\nHost: secure.test\r\nConnection: close\r\n\r\n';
    const ask = ['s_client', '-quiet', '-servername', '10.200.30.4', '-connect', `127.0.0.1:${other}`];
    const answer = execFileSync('openssl', ask, { input, stdio: ['pipe', 'pipe', 'ignore'], timeout: 30_000 });
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 421 /);
    expect(await shownFor('shop.test')).toBe('shop.test');
  }, 60_000);
});

describe('sessions', () => {
  async function session(servername: string, options = {}): Promise<Buffer> {
    const answer = await tlsCall(server.port, { servername, ...options });
    if (answer.session === null) throw new Error('no session');
    return answer.session;
  }

  test('tickets hold in every listener, for TLS 1.3 and 1.2', async () => {
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      for (let round = 0; round < 12; round += 1) {
        const kept = await session('shop.test', { maxVersion });
        const again = await tlsCall(server.port, { servername: 'shop.test', maxVersion, session: kept });
        expect(again.isReused).toBe(true);
      }
    }
  }, 60_000);

  test('tickets are worth nothing to a site with another policy for client certificates', async () => {
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const kept = await session('off.test', { maxVersion });
      const elsewhere = await tlsCall(server.port, { servername: 'require.test', maxVersion, session: kept });
      expect([elsewhere.isReused, elsewhere.status]).toEqual([false, 403]);
    }
  }, 60_000);

  test('a resumed session keeps its client certificate', async () => {
    const { cert, key } = client;
    const kept = await session('require.test', { cert, key });
    const again = await tlsCall(server.port, { servername: 'require.test', cert, key, session: kept });
    expect([again.isReused, again.status]).toEqual([true, 200]);
  }, 60_000);
});

describe('client certificates', () => {
  const fields = ['X-Forwarded-Client-Cert: forged', 'MS-ASPNETCORE-CLIENTCERT: forged'];
  const ask = (servername: string, options = {}): ReturnType<typeof tlsCall> =>
    tlsCall(server.port, { servername, path: '/request', fields, ...options });

  test('off: nobody is asked, and what a client claims is removed', async () => {
    const answer = await ask('off.test', { cert: client.cert, key: client.key });
    expect(answer.status).toBe(200);
    expect(answer.body).not.toMatch(/client-?cert/i);
  }, 60_000);

  test('require: 403.7 without, 403.16 with a stranger’s, forwarded when trusted', async () => {
    const without = await ask('require.test');
    expect([without.status, without.body]).toEqual([403, expect.stringContaining('403.7')]);
    const strange = await ask('require.test', { cert: stranger.cert, key: stranger.key });
    expect([strange.status, strange.body]).toEqual([403, expect.stringContaining('403.16')]);
    const good = await ask('require.test', { cert: client.cert, key: client.key });
    const { headers } = JSON.parse(good.body) as { headers: string[] };
    const valueOf = (name: string): string => headers[headers.indexOf(name) + 1] ?? '';
    const der = client.cert.replace(/-----[^-]+-----|\s/g, '');
    expect(valueOf('MS-ASPNETCORE-CLIENTCERT')).toBe(der);
    expect(valueOf('X-Forwarded-Client-Cert')).toContain(encodeURIComponent('-----BEGIN CERTIFICATE-----'));
    expect(valueOf('X-Forwarded-Proto')).toBe('https');
    expect(good.body).not.toContain('forged');
  }, 60_000);

  test('accept: with and without, never with a stranger’s; in-process apps get the field too', async () => {
    expect((await ask('accept.test')).status).toBe(200);
    expect((await ask('accept.test', { cert: stranger.cert, key: stranger.key })).status).toBe(403);
    const good = await ask('accept.test', { cert: client.cert, key: client.key });
    expect([good.status, good.body]).toEqual([200, expect.stringContaining('X-Forwarded-Client-Cert')]);
  }, 60_000);
});

test('the host of a request fits the name of the handshake, else 421', async () => {
  const of = async (servername: string, hostField: string): Promise<number> =>
    (await tlsCall(server.port, { servername, hostField })).status;
  expect(await of('shop.test', 'one.test')).toBe(421);
  expect(await of('off.test', 'require.test')).toBe(421);
  expect(await of('shop.test', 'unknown.test')).toBe(404);
  // The same certificate and the same policy: a client may use one connection for both (RFC 9113 9.1.1).
  expect(await of('one.test', 'off.test')).toBe(200);
  expect(await of('x.several.test', 'y.several.test')).toBe(200);
  expect((await tlsCall(other, { servername: '', hostField: 'secure.test' })).status).toBe(421);
}, 60_000);

test('HSTS and the redirect to https', async () => {
  const there = await call(plain, '/a/b?c=d', { host: `secure.test:${plain}`, method: 'POST', body: 'x' });
  expect(there.status).toBe(307);
  expect(there.headers.location).toBe(`https://secure.test:${other}/a/b?c=d`);
  expect(there.headers['strict-transport-security']).toBeUndefined();
  const nameless = await RawClient.connect(plain);
  nameless.send('GET /a HTTP/1.0\r\n\r\n');
  expect(await nameless.finishes()).toMatch(/^HTTP\/1\.1 400 (?![^]*location:)/i);
  const policy = 'Strict-Transport-Security: max-age=600; includeSubDomains';
  expect((await tlsCall(other, { servername: 'secure.test' })).head).toContain(policy);
  expect((await tlsCall(other, { servername: 'secure.test', path: '/%00' })).head).toContain(policy);
}, 60_000);

test('changed files act without a lost connection; a bad one leaves the old', async () => {
  const kept = await handshake(server.port, { servername: 'live.test' });
  let stop = false;
  let served = 0;
  const failures: string[] = [];
  const load = Array.from({ length: 4 }, async () => {
    while (!stop) {
      try {
        const answer = await tlsCall(server.port, { servername: 'live.test' });
        if (answer.status !== 200) failures.push(String(answer.status));
        served += 1;
      } catch (error) {
        failures.push(String(error));
      }
    }
  });
  const serial = async (): Promise<string> => {
    const socket = await handshake(server.port, { servername: 'live.test' });
    const shown = socket.getPeerCertificate().serialNumber;
    socket.destroy();
    return shown;
  };
  for (let round = 0; round < 3; round += 1) {
    const before = await serial();
    const enough = served + 10;
    replaceLive(authority.issue({ names: ['live.test'] }));
    await until('the new certificate serves', async () => (await serial()) !== before && served >= enough);
  }
  const last = await serial();
  replaceLive({ cert: authority.issue({ names: ['live.test'] }).cert, key: client.key });
  await until('the bad pair is named', () => log().includes('certificate-refused'));
  expect(log()).toMatch(/live\.key.*belongs to another certificate.*the one before it/);
  expect(await serial()).toBe(last);
  stop = true;
  await Promise.all(load);
  expect(failures).toEqual([]);
  kept.write('GET / HTTP/1.1\r\nHost: live.test\r\n\r\n');
  const answer = await new Promise<string>((resolve) => kept.once('data', (bytes) => resolve(String(bytes))));
  expect(answer).toContain('200 OK');
  kept.destroy();
}, 120_000);

test('keys and passwords are in no log and no view', async () => {
  const shown = log() + JSON.stringify(await server.pools());
  expect(shown).not.toContain('PRIVATE KEY');
  expect(shown).not.toContain('secret-word');
});
