import { connect } from 'node:tls';
import { expect, test } from '@jest/globals';
import type { RouteTls } from '../../../pools/protocol/snapshot.js';
import { selfSigned } from '../../../server/primary/self-signed.js';
import { clientHello } from '../../support/client-hello.js';
import { ListenerHarness } from '../../support/listener-harness.js';
import { RawClient } from '../../support/raw-client.js';
import { ok, RawWorker } from '../../support/raw-worker.js';
import { until } from '../../support/time.js';

const tls: RouteTls = {
  key: 'key',
  policy: 'policy',
  byName: false,
  maxVersion: 'TLSv1.3',
  http2: false,
  clientCertificates: 'off',
};
const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Three connections that begin with `words` are as many as this address may have; room comes back when one leaves. */
async function fillsUp(listener: ListenerHarness, words: string | Buffer): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: 3 }, () => RawClient.connect(listener.port)));
  for (const client of clients) client.send(words);
  const further = await RawClient.connect(listener.port);
  expect(await further.finishes()).toBe('');
  clients[0]?.close();
  await until('there is room again', async () => {
    const next = await RawClient.connect(listener.port);
    next.send('OPTIONS * HTTP/1.1\r\n\r\n');
    const answer = await next.finishes();
    next.close();
    return answer !== '';
  });
  return clients;
}

/** A request over TLS, begun now. @returns all of the answer. */
function secureCall(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
    socket.write(request);
  });
}

test('slow heads and handshakes count for their address, and a listener that ends waits for the latter', async () => {
  const worker = await RawWorker.start((_head, connection) => worker.reply(connection, ok('served')));
  const listener = await ListenerHarness.start({ settings: { maxConnectionsPerAddress: 3 } });
  try {
    await listener.publish([listener.tcpWorker(worker.port)]);
    for (const client of await fillsUp(listener, 'GET / HT')) client.close();
    const routes = listener.defaultRoutes();
    const bindings = routes.bindings.map((one) => ({ ...one, scheme: 'https' as const, tls }));
    listener.routes({ ...routes, bindings });
    listener.send({ type: 'ticket-secret', secret: Buffer.alloc(32).toString('base64') });
    await until('the new routes are there', () => listener.all('ack').length === 3);
    for (const client of await fillsUp(listener, clientHello('a').subarray(0, 20))) client.close();
    listener.routes({ ...routes, bindings, settings: { ...routes.settings, maxConnectionsPerAddress: 0 } });
    await until('the limit is gone', () => listener.all('ack').length === 4);
    const silent = await RawClient.connect(listener.port);
    const answer = secureCall(listener.port);
    await listener.heard('want-certificate');
    listener.send({ type: 'shutdown', limitMs: 30_000, lingerMs: 0 });
    expect(await silent.finishes()).toBe('');
    silent.close();
    const made = selfSigned({ commonName: 'a', names: ['a'], notBeforeMs: 0, notAfterMs: 4_000_000_000_000 });
    const material = { ...made, pfx: '', password: '', authorities: '', ocsp: '' };
    listener.send({ type: 'certificate', key: tls.key, name: '', material });
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [^]*Connection: close[^]*served/);
    await listener.heard('closed');
    await until('the process ends', () => !listener.isAlive);
  } finally {
    await listener.stop();
    await worker.stop();
  }
}, 60_000);
