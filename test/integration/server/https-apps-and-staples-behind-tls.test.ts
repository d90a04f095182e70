/** An app that is an https server itself behind a binding of TLS, and a certificate that must be stapled. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../support/free-port.js';
import { app } from '../../support/paths.js';
import { type Program, startProgram } from '../../support/program.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { type MadeCertificate, TestAuthority } from '../../support/test-certificates.js';
import { until } from '../../support/time.js';
import { handshake, tlsCall } from '../../support/tls-client.js';

const folder = tempFolder('https-apps');
const authority = new TestAuthority(join(folder, 'ca'));
let responder: Program | null = null;
let sluice: Sluice | null = null;

function binding(port: number, host: string, { certFile, keyFile }: MadeCertificate): Settings {
  return { protocol: 'https', bindingInformation: `*:${port}:${host}`, certificate: { certFile, keyFile } };
}

beforeAll(async () => {
  const responderPort = await freePort();
  const access = `authorityInfoAccess=OCSP;URI:http://127.0.0.1:${responderPort}/`;
  const stapled = authority.issue({ names: ['staple.test'], extensions: ['tlsfeature=status_request', access] });
  const plain = authority.issue({ names: ['plain.test'], extensions: [access] });
  writeFileSync(stapled.certFile, stapled.cert + authority.pem);
  const line = `V\t491231235959Z\t\t${new X509Certificate(stapled.cert).serialNumber}\tunknown\t/CN=x\n`;
  writeFileSync(join(folder, 'index.txt'), line);
  const signer = ['-rsigner', authority.file, '-rkey', join(authority.folder, 'ca.key'), '-CA', authority.file];
  const rest = ['-index', join(folder, 'index.txt'), '-port', String(responderPort), '-nmin', '60'];
  const asked = startProgram('openssl', ['ocsp', ...signer, ...rest]);
  responder = asked;
  await until('the responder listens', () => /ACCEPT|waiting for OCSP/.test(asked.output()));
  sluice = await startSluice({
    applicationPools: [{ name: 'secure' }],
    sites: (at) => [
      {
        name: 'main',
        bindings: [binding(at, 'staple.test', stapled), binding(at, 'plain.test', plain)],
        applications: [
          {
            path: '/',
            applicationPool: 'secure',
            physicalPath: app('in-process'),
            hosting: { hostingModel: 'InProcess', processPath: 'node', arguments: 'secure.cjs' },
          },
        ],
      },
    ],
  });
}, 120_000);

afterAll(async () => {
  await sluice?.stop();
  await responder?.stop();
  removeFolder(folder);
}, 90_000);

function port(): number {
  return sluice?.port ?? 0;
}

/** What the server staples; null = nothing. */
async function stapled(servername: string): Promise<Buffer | null> {
  // Not typed, and passed on to the wish in the hello (RFC 6066 8).
  const options = { host: '127.0.0.1', port: port(), servername, requestOCSP: true, ca: authority.pem };
  const socket = connect(options);
  let staple: Buffer | null = null;
  socket.on('OCSPResponse', (bytes: Buffer | null) => {
    staple = bytes;
  });
  await once(socket, 'secureConnect');
  socket.destroy();
  return staple;
}

test('an https app sees TLS sockets, bodies whole, and its client', async () => {
  const answer = await tlsCall(port(), { servername: 'plain.test' });
  expect([answer.status, JSON.parse(answer.body)]).toEqual([
    200,
    { isTls: true, encrypted: true, protocol: 'unknown', remote: '127.0.0.1', body: 0, forwarded: null },
  ]);
  const socket = await handshake(port(), { servername: 'plain.test' });
  const body = Buffer.alloc(1_000_000, 'x');
  socket.write(`POST / HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
  socket.write(body);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  expect(text).toContain('"body":1000000');
}, 60_000);

test('a tunnel runs through both', async () => {
  const socket = await handshake(port(), { servername: 'plain.test' });
  const fields =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  socket.write(`GET / HTTP/1.1\r\nHost: plain.test\r\n${fields}\r\n\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  expect(String(head)).toContain('101 Switching');
  socket.write('echo');
  expect(String(((await once(socket, 'data')) as [Buffer])[0])).toBe('echo');
  socket.destroy();
}, 60_000);

test('an answer of the responder is stapled where the certificate must be, and nowhere else', async () => {
  await until('it is stapled', async () => (await stapled('staple.test')) !== null);
  expect((await stapled('staple.test'))?.length).toBeGreaterThan(100);
  expect(await stapled('plain.test')).toBeNull();
}, 60_000);
