/** Bodies in pieces of one byte, either way: they arrive whole, and a read of them is one piece for who takes them. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { AnswerFlag, FrameType } from '../../../pools/link/frames.js';
import { Flag, FrameType as Http2 } from '../../../server/http2/codes.js';
import { FakeLinkWorker } from '../../support/fake-link-worker.js';
import { ListenerHarness } from '../../support/listener-harness.js';
import { RawClient } from '../../support/raw-client.js';
import { frame, RawHttp2, requestBlock } from '../../support/raw-http2.js';
import { ok, RawWorker } from '../../support/raw-worker.js';
import { until } from '../../support/time.js';

const count = 1_000;
const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const crumb = '1\r\nx\r\n';
const last = '0\r\n\r\n';

let listener: ListenerHarness;
let stopWorker = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  listener = await ListenerHarness.start();
  const routes = listener.defaultRoutes();
  listener.routes({ ...routes, bindings: routes.bindings.map((one) => ({ ...one, h2c: true })) });
}, 60_000);

afterEach(() => stopWorker(), 60_000);

afterAll(async () => {
  await listener.stop();
}, 60_000);

/** Bytes and chunks of a chunked message whose body is nothing but x. */
function body(message: string): { readonly bytes: number; readonly chunks: number } {
  const chunks = message.slice(message.indexOf('\r\n\r\n') + 4).match(/x+/g) ?? [];
  return { bytes: chunks.reduce((sum, one) => sum + one.length, 0), chunks: chunks.length };
}

async function ask(): Promise<RawClient> {
  const client = await RawClient.connect(listener.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  return client;
}

test('answers of an in-process worker, also of several requests by turns', async () => {
  const worker = await FakeLinkWorker.start();
  stopWorker = () => worker.stop();
  await listener.publish([listener.worker(worker.endpoint)]);
  const link = await worker.link();
  const clients = [await ask(), await ask()];
  const ids = (
    await until('both are begun', () => link.of(FrameType.Request).length === 2 && link.of(FrameType.Request))
  ).map(({ streamId }) => streamId);
  for (const id of ids) link.writer.latin1(FrameType.Answer, AnswerFlag.head, 0, id, head);
  for (const id of ids) for (let n = 0; n < count; n += 1) link.writer.latin1(FrameType.Answer, 0, 0, id, crumb);
  for (let n = 0; n < count; n += 1) for (const id of ids) link.writer.latin1(FrameType.Answer, 0, 0, id, crumb);
  for (const id of ids) link.writer.latin1(FrameType.Answer, AnswerFlag.end, 0, id, last);
  link.writer.flush();
  for (const client of clients) {
    const { bytes, chunks } = body(await client.receives(last));
    expect(bytes).toBe(2 * count);
    // Those by turns are pieces of their own, the others are not.
    expect(chunks).toBeLessThan(1.5 * count);
    client.close();
  }
});

test('an answer of an out-of-process worker', async () => {
  const worker = await RawWorker.start((_head, connection) =>
    worker.reply(connection, head + crumb.repeat(count) + last),
  );
  stopWorker = () => worker.stop();
  await listener.publish([listener.tcpWorker(worker.port)]);
  const client = await ask();
  const { bytes, chunks } = body(await client.receives(last));
  expect(bytes).toBe(count);
  expect(chunks).toBeLessThan(0.5 * count);
  client.close();
});

test('request bodies of streams, also by turns', async () => {
  const worker = await RawWorker.start(() => undefined);
  stopWorker = () => worker.stop();
  await listener.publish([listener.tcpWorker(worker.port)]);
  const client = await RawHttp2.connect(listener.port);
  const ids = [1, 3];
  const begun = ids.map((id) => frame(Http2.headers, Flag.endHeaders, id, requestBlock('/', [], 'POST')));
  client.send(...begun);
  await until('both are begun', () => worker.heads.length === 2);
  const data = (id: number): Buffer => frame(Http2.data, 0, id, 'x');
  const inTurn = Array.from({ length: 2 * count }, (_, n) => data(ids[n % 2] ?? 1));
  const alone = ids.flatMap((id) => Array.from({ length: count }, () => data(id)));
  client.send(...alone, ...inTurn, ...ids.map((id) => frame(Http2.data, Flag.endStream, id)));
  for (const connection of worker.connections) {
    await until('all of the body is there', () => connection.received.endsWith(last), {
      state: () => connection.received,
    });
    const { bytes, chunks } = body(connection.received);
    expect(bytes).toBe(2 * count);
    expect(chunks).toBeLessThan(1.5 * count);
    worker.reply(connection, ok('taken'));
  }
  await client.receives('both answers', () => client.of(Http2.headers).length === 2);
  client.close();
});
