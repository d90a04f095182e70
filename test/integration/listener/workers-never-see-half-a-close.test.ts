import { afterEach, expect, test } from '@jest/globals';
import { ListenerHarness } from '../../support/listener-harness.js';
import { RawClient } from '../../support/raw-client.js';
import { ok, RawWorker, type RawWorkerConnection } from '../../support/raw-worker.js';
import { until } from '../../support/time.js';

// Kestrel takes a FIN for a client that has gone, and answers nothing any more.

let listener: ListenerHarness;
let worker: RawWorker;

afterEach(async () => {
  await listener.stop();
  await worker.stop();
});

async function start(answer: (head: string, connection: RawWorkerConnection) => void): Promise<RawClient> {
  worker = await RawWorker.start(answer);
  listener = await ListenerHarness.start();
  await listener.publish([listener.tcpWorker(worker.port)]);
  return RawClient.connect(listener.port);
}

/** After a whole close the other side refuses what is written; after half of one it would take it. */
async function isWhollyClosed(connection: RawWorkerConnection | undefined): Promise<boolean> {
  if (connection === undefined) return false;
  await until('the listener let it go', () => connection.ended || connection.closed);
  await until('the connection is gone, not half of it', () => {
    connection.socket.write('x');
    return connection.closed;
  });
  return connection.socket.destroyed;
}

test.each([
  ['a GET', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', ''],
  ['a body', 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody', 'body'],
  [
    'chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
    '0\r\n\r\n',
  ],
  ['a client of HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', ''],
])('the last byte of %s is followed by no FIN: the answer comes', async (_name, request, last) => {
  const client = await start(() => undefined);
  client.send(request);
  const connection = await until('the whole request is there', () => {
    const one = worker.connections[0];
    return one?.received.includes('\r\n\r\n') === true && one.received.endsWith(last) && one;
  });
  // A second connection goes the same way, so what was sent on the first one has long arrived.
  const other = await RawClient.connect(listener.port);
  other.send('GET /other HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the other request is there', () => worker.heads.length === 2);
  expect(connection.ended).toBe(false);
  expect(connection.received).not.toMatch(/^connection:/im);
  worker.reply(connection, ok('answered'));
  expect(await client.finishes()).toContain('answered');
  other.close();
});

test('an answer before the body is there, and a client that goes on reading only: the connection is closed as a whole', async () => {
  const client = await start((_head, connection) => worker.reply(connection, ok('early')));
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 29000000\r\n\r\n');
  client.send(Buffer.alloc(100_000));
  expect(await client.finishes()).toContain('early');
  expect(await isWhollyClosed(worker.connections[0])).toBe(true);
});

test('a client that half-closes while its request runs has gone: so has the whole connection to the worker', async () => {
  const client = await start(() => undefined);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the request is there', () => worker.heads.length === 1);
  client.end();
  expect(await isWhollyClosed(worker.connections[0])).toBe(true);
});
