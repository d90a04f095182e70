/** Clients that begin requests and go again (CVE-2023-44487): a worker has no more of them under way than its pool allows. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FrameType } from '../../../pools/link/frames.js';
import { FakeLinkWorker } from '../../support/fake-link-worker.js';
import { ListenerHarness } from '../../support/listener-harness.js';
import { RawClient } from '../../support/raw-client.js';
import { ok, RawWorker } from '../../support/raw-worker.js';
import { until } from '../../support/time.js';

let listener: ListenerHarness;

beforeEach(async () => {
  listener = await ListenerHarness.start({ pool: { maxConcurrentRequests: 1 } });
});

afterEach(async () => {
  await listener.stop();
});

async function ask(path: string): Promise<RawClient> {
  const client = await RawClient.connect(listener.port);
  client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return client;
}

test('out-of-process: until the worker ends the connection, or answers', async () => {
  const worker = await RawWorker.start(() => undefined);
  await listener.publish([listener.tcpWorker(worker.port)]);
  const paths = (): string[] => worker.heads.map((head) => head.split(' ')[1] ?? '');
  const first = await ask('/first');
  await until('the first is begun', () => paths().length === 1);
  first.close();
  await until('the worker sees the end', () => worker.connections[0]?.ended === true);
  const second = await ask('/second');
  // It waits: a claim for a place in the queue is made, and nothing is sent.
  await listener.heard('claim');
  expect(paths()).toEqual(['/first']);
  worker.connections[0]?.socket.end();
  await until('the second is begun', () => paths().length === 2);
  second.close();
  await until('the worker sees the end', () => worker.connections[1]?.ended === true);
  const third = await ask('/third');
  await listener.heard('claim', 2);
  expect(paths()).toEqual(['/first', '/second']);
  worker.connections[1]?.socket.write(ok('too late'));
  await until('the third is begun', () => paths().length === 3);
  const last = worker.connections[2];
  if (last !== undefined) worker.reply(last, ok('in time'));
  expect(await third.receives('in time')).toBeTruthy();
  third.close();
  await worker.stop();
});

test('in-process: until the worker has heard of it', async () => {
  const worker = await FakeLinkWorker.start();
  await listener.publish([listener.worker(worker.endpoint)]);
  const link = await worker.link();
  const first = await ask('/first');
  const { streamId } = await link.receives(FrameType.Request);
  first.close();
  await until('it is taken back', () =>
    link.frames.some(
      (one) => one.streamId === streamId && [FrameType.Fin, FrameType.Reset].some((type) => type === one.type),
    ),
  );
  const ping = await link.receives(FrameType.Ping);
  const second = await ask('/second');
  await listener.heard('claim');
  expect(link.of(FrameType.Request).length).toBe(1);
  link.writer.begin(FrameType.Pong, 0, 0, 0);
  link.writer.addNumber(ping.payload.readUInt32BE(0));
  link.writer.addNumber(0);
  link.writer.finish();
  link.writer.flush();
  link.answer((await link.receives(FrameType.Request, 2)).streamId, 'in time');
  expect(await second.receives('in time')).toBeTruthy();
  second.close();
  await worker.stop();
});
