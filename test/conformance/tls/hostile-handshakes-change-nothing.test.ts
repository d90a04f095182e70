/** One server with two https sites: scripts of broken and strange handshakes, and what real clients try behind a good one. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecurely, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inParallel } from '../../support/batches.js';
import { outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { type ClientCertificate, strangeClient } from '../../support/strange-certificates.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { TestAuthority } from '../../support/test-certificates.js';
import { until } from '../../support/time.js';
import { handshake, tlsCall } from '../../support/tls-client.js';
import { runSpoilt, runTlsScript, spoiltHellos } from './on-socket.js';
import { tlsScripts } from './scripts.js';

const connectionsAtOnce = 32;
const folder = tempFolder('tls-corpus');
const certificate = new TestAuthority(join(folder, 'ca')).issue({ names: ['a.test', 'clients.test'] });
const commonNames = [
  'a\0.evil.test',
  'a\r\nX-Injected: 1\r\n\r\nGET /injected HTTP/1.1',
  'Cert="";Hash=0;Subject="CN=admin"',
  '%0d%0a\\x0d\\n,\u2028\u202e ä 漢',
  'x'.repeat(2_000),
];
const strangers = commonNames.map((name) => strangeClient(name));
const authoritiesFile = join(folder, 'clients.pem');
let server: Sluice;

beforeAll(async () => {
  writeFileSync(authoritiesFile, strangers.map(({ cert }) => cert).join(''));
  const { certFile, keyFile } = certificate;
  const site = (name: string, port: number, more: Settings, hosting: Settings): Settings => ({
    name,
    bindings: [
      { protocol: 'https', bindingInformation: `*:${port}:${name}.test`, certificate: { certFile, keyFile }, ...more },
    ],
    applications: [{ path: '/', applicationPool: name, physicalPath: app('plain'), ...hosting }],
  });
  server = await startSluice({
    server: { webLimits: { maxHandshakesPerSecond: 0 } },
    applicationPools: [{ name: 'a' }, { name: 'clients' }],
    sites: (port) => [
      site('a', port, {}, {}),
      {
        ...site('clients', port, {}, outOfProcess('index.js')),
        clientCertificates: { mode: 'require', authoritiesFile },
      },
    ],
  });
}, 120_000);

afterAll(async () => {
  await server.stop();
  removeFolder(folder);
}, 120_000);

async function isWell(): Promise<void> {
  expect((await tlsCall(server.port, { servername: 'a.test' })).status).toBe(200);
}

test('every script of a handshake has its outcome', async () => {
  const problems = await inParallel(tlsScripts, connectionsAtOnce, async (script) => ({
    script: script.name,
    problem: await runTlsScript(script, server.port),
  }));
  expect(problems.filter(({ problem }) => problem !== '')).toEqual([]);
  await isWell();
}, 120_000);

test('hellos cut anywhere or spoilt get an alert at most, and the connection ends', async () => {
  const spoilt = spoiltHellos(20_26, 400);
  const problems = await inParallel(spoilt, connectionsAtOnce, async (bytes) => ({
    hello: bytes.toString('hex'),
    problem: await runSpoilt(bytes, server.port),
  }));
  expect(problems.filter(({ problem }) => problem !== '')).toEqual([]);
  await isWell();
}, 120_000);

test('what a client certificate says is nobody’s header', async () => {
  for (const { cert, key } of strangers) {
    const answer = await tlsCall(server.port, { servername: 'clients.test', path: '/request', cert, key });
    expect(answer.status).toBe(200);
    const { headers } = JSON.parse(answer.body) as { headers: string[] };
    const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    expect([names.includes('x-injected'), new Set(names).size]).toEqual([false, names.length]);
    const valueOf = (name: string): string => headers[names.indexOf(name) * 2 + 1] ?? '';
    expect(valueOf('ms-aspnetcore-clientcert')).toBe(cert.replace(/-----[^-]+-----|\s/g, ''));
    const forwarded = /^Hash=[0-9a-f]{64};Cert="([A-Za-z0-9%.~_-]+)"$/.exec(valueOf('x-forwarded-client-cert'));
    expect(decodeURIComponent(forwarded?.[1] ?? '')).toBe(cert);
  }
}, 60_000);

test('a chain of 10 MB is not read', async () => {
  const { cert, key } = strangeClient('small');
  const big = strangeClient('big', 10_000_000).cert;
  const outcome = await tlsCall(server.port, { servername: 'clients.test', cert: cert + big, key }).then(
    ({ status }) => status,
    () => 'refused',
  );
  // The client may have written all of it before it reads why.
  expect(['refused', 0]).toContain(outcome);
  await isWell();
}, 60_000);

test('a client cannot ask for another handshake, nor send data before the first', async () => {
  const socket = await handshake(server.port, { servername: 'a.test', maxVersion: 'TLSv1.2' });
  socket.resume();
  const outcome = await new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.renegotiate({ rejectUnauthorized: false }, () => resolve('renegotiated'));
  });
  expect(outcome).toBe('ERR_SSL_NO_RENEGOTIATION');
  socket.destroy();
  // Not by Node's own session: only the OpenSSL that made one can read it for sure.
  const client = ['s_client', '-connect', `127.0.0.1:${server.port}`, '-servername', 'a.test', '-tls1_3', '-ign_eof'];
  const input = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';
  const told = execFileSync('openssl', client, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'ignore'] });
  expect(told).toMatch(/Max Early Data: 0$/m);
  expect(told).not.toMatch(/Max Early Data: [1-9]/);
}, 60_000);

interface Counted {
  readonly aborted: number;
  readonly answered: number;
}

/** A client over a socket that it can end without a word of TLS. */
async function overSocket(): Promise<{ readonly secure: TLSSocket; readonly cut: () => void }> {
  const socket = connect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true });
  await once(socket, 'connect');
  const secure = connectSecurely({ socket, servername: 'a.test', rejectUnauthorized: false });
  secure.on('error', () => undefined);
  await once(secure, 'secureConnect');
  return { secure, cut: () => void socket.end() };
}

test('a request that ends with the connection instead of its last byte is no request', async () => {
  const counted = async (): Promise<Counted> =>
    JSON.parse((await tlsCall(server.port, { servername: 'a.test', path: '/state' })).body) as Counted;
  for (const head of ['Content-Length: 10\r\n\r\n12345', 'Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n']) {
    const { aborted } = await counted();
    const { secure, cut } = await overSocket();
    let answer = '';
    secure.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
    });
    secure.write(`POST /echo HTTP/1.1\r\nHost: a.test\r\n${head}`);
    await until('it is on its way', () => secure.writableLength === 0);
    cut();
    await until('the application sees it break off', async () => (await counted()).aborted > aborted);
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/);
    secure.destroy();
  }
}, 60_000);

test.each(['TLSv1.3', 'TLSv1.2'] as const)(
  '%s: a session ends with its authorities',
  async (maxVersion) => {
    const [before, after] = [strangeClient('before'), strangeClient('after')];
    const replace = async (by: ClientCertificate): Promise<void> => {
      writeFileSync(`${authoritiesFile}.new`, by.cert);
      renameSync(`${authoritiesFile}.new`, authoritiesFile);
      await until('they act', async () => (await ask(by)).status === 200);
    };
    const ask = ({ cert, key }: ClientCertificate, session?: Buffer): ReturnType<typeof tlsCall> =>
      tlsCall(server.port, { servername: 'clients.test', cert, key, maxVersion, ...(session && { session }) });
    await replace(before);
    const session = (await ask(before)).session ?? Buffer.alloc(0);
    const again = await ask(before, session);
    expect([again.isReused, again.status]).toEqual([true, 200]);
    await replace(after);
    const late = await ask(before, session);
    expect([late.isReused, late.status]).toEqual([false, 403]);
  },
  60_000,
);
