import { afterEach, describe, expect, test } from '@jest/globals';
import { linkStreamWindowBytes, unreachableRestMs } from '../../../config/base/limits.js';
import { AnswerFlag, FrameType } from '../../../pools/link/frames.js';
import { creditLumpBytes } from '../../../pools/link/flow.js';
import { decodeNumber } from '../../../pools/link/payloads.js';
import { FrameWriter } from '../../../pools/link/writer.js';
import { type FakeLink, FakeLinkWorker } from '../../support/fake-link-worker.js';
import { ListenerHarness } from '../../support/listener-harness.js';
import { residentBytes } from '../../support/processes.js';
import { RawClient } from '../../support/raw-client.js';
import { monotonicMs, pause, until } from '../../support/time.js';

const megabyte = 1_048_576;
const clients: RawClient[] = [];
let listener: ListenerHarness;
let worker: FakeLinkWorker;

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await listener.stop();
  await worker.stop();
});

async function start(onLink?: (link: FakeLink) => void): Promise<FakeLink> {
  worker = await FakeLinkWorker.start(onLink);
  listener = await ListenerHarness.start({
    application: { hostingModel: 'InProcess', maxAllowedContentLength: 1_000_000_000 },
  });
  await listener.publish([listener.worker(worker.endpoint)]);
  if (onLink === undefined) await listener.heard('link');
  return worker.link();
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(listener.port);
  clients.push(client);
  return client;
}

async function get(client: RawClient, path = '/'): Promise<void> {
  client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
}

/** Many frames of one kind in one block. */
function frames(count: number, write: (writer: FrameWriter) => void): Buffer {
  const parts: Buffer[] = [];
  const writer = new FrameWriter({
    writableLength: 0,
    write: (part) => {
      parts.push(Buffer.from(part));
      return true;
    },
    cork: () => undefined,
    uncork: () => undefined,
  });
  for (let index = 0; index < count; index += 1) write(writer);
  writer.flush();
  return Buffer.concat(parts);
}

/** Why the listener broke the link. */
async function broken(): Promise<string> {
  const down = (): string | undefined => listener.all('link').find((one) => !one.up)?.error;
  return until('the link is broken', down, { everyMs: 5 });
}

/** Uploads until the listener takes no more for a while, or this much was sent. @returns the bytes it took. */
async function upload(client: RawClient, bytesMax: number): Promise<number> {
  client.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytesMax}\r\n\r\n`);
  const chunk = Buffer.alloc(65_536);
  let taken = 0;
  for (let sent = 0; sent < bytesMax && sent === taken; sent += chunk.length) {
    client.socket.write(chunk, () => {
      taken += chunk.length;
    });
    const upTo = sent + chunk.length;
    for (let round = 0; round < 200 && taken < upTo; round += 1) await pause(5);
  }
  return taken;
}

describe('a worker that gives credit it does not have', () => {
  test.each([1_000_000_000, 1, 0])('%i bytes at once: the link is broken, memory stays flat', async (credit) => {
    const link = await start();
    const client = await connect();
    client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 200000000\r\n\r\n');
    const request = await link.receives(FrameType.Request);
    const before = residentBytes(listener.pid);
    link.socket.pause();
    link.writer.number(FrameType.Credit, 0, request.streamId, credit);
    link.writer.flush();
    expect(await broken()).toContain('credit beyond its window');
    await upload(client, 64 * megabyte);
    expect(residentBytes(listener.pid) - before).toBeLessThan(24 * megabyte);
  });
});

test('a worker that reads nothing holds up its own uploads only, in flat memory', async () => {
  const link = await start();
  const uploads = await Promise.all(Array.from({ length: 60 }, connect));
  const before = residentBytes(listener.pid);
  link.socket.pause();
  const sent = await Promise.all(uploads.map((client) => upload(client, 8 * megabyte)));
  expect(sent.every((bytes) => bytes < 8 * megabyte)).toBe(true);
  // 60 windows alone would be 15 MiB.
  expect(residentBytes(listener.pid) - before).toBeLessThan(40 * megabyte);
  const late = await connect();
  await get(late, '/late');
  // It reads again: everything goes on, the request that had to wait included.
  link.socket.resume();
  const seen = (): string =>
    link
      .of(FrameType.Request)
      .map((one) => one.payload.toString('latin1'))
      .join(' ');
  await until('the late request', () => seen().includes('/late'), { everyMs: 5 });
});

describe('frames that belong to no stream', () => {
  test.each([
    ['answers', (writer: FrameWriter) => writer.latin1(FrameType.Answer, 0, 0, 7, 'x')],
    ['empty answers', (writer: FrameWriter) => writer.empty(FrameType.Answer, AnswerFlag.end, 7)],
    ['credit', (writer: FrameWriter) => writer.number(FrameType.Credit, 0, 7, 65_536)],
    ['resets', (writer: FrameWriter) => writer.empty(FrameType.Reset, 0, 7)],
    ['goaways', (writer: FrameWriter) => writer.empty(FrameType.Goaway, 0, 0)],
  ] as const)('a flood of %s breaks the link', async (_name, write) => {
    const link = await start();
    await link.flood(frames(2_000, write));
    expect(await broken()).toContain('frames that belong to no stream');
  });

  test('a pong that nobody asked for breaks the link', async () => {
    const link = await start();
    await link.flood(frames(10, (writer) => writer.number(FrameType.Pong, 0, 0, 1)));
    expect(await broken()).toContain('pong without a ping');
  });

  test('the tail of an answer that its client left is no offence', async () => {
    const link = await start();
    for (let round = 1; round <= 20; round += 1) {
      const client = await connect();
      await get(client);
      const { streamId } = await link.receives(FrameType.Request, round);
      client.reset();
      await until('its end', () =>
        link.frames.some((one) => one.type === FrameType.Reset && one.streamId === streamId),
      );
      link.writer.bytes(FrameType.Answer, AnswerFlag.head, 0, streamId, Buffer.alloc(linkStreamWindowBytes));
      link.writer.empty(FrameType.Answer, AnswerFlag.end, streamId);
      link.writer.flush();
    }
    const client = await connect();
    await get(client);
    link.answer((await link.receives(FrameType.Request, 21)).streamId);
    await client.receives('ok');
    expect(link.isClosed).toBe(false);
  });

  test('bytes on an idle stream earn no credit: it is closed', async () => {
    const link = await start();
    const client = await connect();
    await get(client);
    const { streamId } = await link.receives(FrameType.Request);
    link.answer(streamId);
    await client.receives('ok');
    const block = frames(1, (writer) => writer.bytes(FrameType.Answer, 0, 0, streamId, Buffer.alloc(60_000)));
    await link.flood(block);
    expect(await broken()).toContain('frames that belong to no stream');
    expect(link.of(FrameType.Close).map((one) => one.streamId)).toEqual([streamId]);
    expect(link.of(FrameType.Credit)).toEqual([]);
  });
});

test('a flood of small frames is handled in turns and loses nothing', async () => {
  const link = await start();
  const client = await connect();
  await get(client);
  const { streamId } = await link.receives(FrameType.Request);
  const size = 100_000;
  const head = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  link.writer.bytes(FrameType.Answer, AnswerFlag.head, 0, streamId, head);
  for (let index = 0; index < size; index += 1)
    link.writer.latin1(FrameType.Answer, 0, 0, streamId, 'abcdefghij'[index % 10] ?? '');
  link.writer.empty(FrameType.Answer, AnswerFlag.end, streamId);
  link.writer.flush();
  await until('the whole answer', () => client.bytes().length >= size && client.text().endsWith('j'), { everyMs: 10 });
  expect(client.text().slice(-size)).toBe('abcdefghij'.repeat(size / 10));
  await get(client, '/again');
  link.answer((await link.receives(FrameType.Request, 2)).streamId, 'again');
  await client.receives('again');
});

test('what a worker said before its end counts, however many frames it is', async () => {
  const link = await start();
  const client = await connect();
  await get(client);
  const { streamId } = await link.receives(FrameType.Request);
  const head = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n');
  link.writer.bytes(FrameType.Answer, AnswerFlag.head, 0, streamId, head);
  for (let index = 0; index < 5_000; index += 1) link.writer.latin1(FrameType.Answer, 0, 0, streamId, 'x');
  link.writer.empty(FrameType.Answer, AnswerFlag.end, streamId);
  link.writer.flush();
  link.socket.end();
  expect(await client.receives(/\r\n\r\nx{5000}$/)).toContain('200 OK');
});

test('an answer that ends while its client reads slowly leaves the next one its whole window', async () => {
  const link = await start();
  const client = await connect();
  client.socket.pause();
  await get(client);
  const { streamId } = await link.receives(FrameType.Request);
  let credit = linkStreamWindowBytes;
  let counted = 0;
  const sync = (): number => {
    const granted = link.of(FrameType.Credit);
    for (const frame of granted.slice(counted)) credit += decodeNumber(frame.payload, 0, 4);
    counted = granted.length;
    return credit;
  };
  const send = (flags: number, text: string): void => {
    credit -= text.length;
    link.writer.latin1(FrameType.Answer, flags, 0, streamId, text);
    link.writer.flush();
  };
  send(AnswerFlag.head, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
  // Until the client's and our buffers are full and no more credit comes.
  for (let quiet = 0; quiet < 40; ) {
    if (sync() > chunk.length + creditLumpBytes) {
      send(0, chunk);
      quiet = 0;
    } else {
      await pause(10);
      quiet += 1;
    }
  }
  send(AnswerFlag.end, '0\r\n\r\n');
  client.socket.resume();
  await client.receives(/\r\n0\r\n\r\n$/);
  await get(client, '/next');
  await link.receives(FrameType.Request, 2);
  const isWhole = (): boolean => sync() > linkStreamWindowBytes - creditLumpBytes;
  expect(await until('a whole window', isWhole, { everyMs: 5, state: () => `credit ${credit}` })).toBe(true);
});

describe('an idle stream that the app', () => {
  async function idle(): Promise<{ link: FakeLink; client: RawClient; streamId: number }> {
    const link = await start();
    const client = await connect();
    await get(client);
    const { streamId } = await link.receives(FrameType.Request);
    link.answer(streamId);
    await client.receives('ok');
    return { link, client, streamId };
  }

  test('ends is closed by us: the worker need not keep its half', async () => {
    const { link, client, streamId } = await idle();
    link.writer.empty(FrameType.Fin, 0, streamId);
    link.writer.flush();
    expect((await link.receives(FrameType.Close)).streamId).toBe(streamId);
    await get(client, '/again');
    const next = await link.receives(FrameType.Request, 2);
    expect(next.streamId).not.toBe(streamId);
    link.answer(next.streamId, 'again');
    await client.receives('again');
  });

  test('destroys costs its client the connection', async () => {
    const { link, client, streamId } = await idle();
    link.writer.empty(FrameType.Reset, 0, streamId);
    link.writer.flush();
    expect(await client.finishes()).toContain('ok');
  });

  test('tidies away leaves its client alone', async () => {
    const { link, client, streamId } = await idle();
    link.writer.empty(FrameType.Closed, 0, streamId);
    link.writer.flush();
    await get(client, '/again');
    link.answer((await link.receives(FrameType.Request, 2)).streamId, 'again');
    expect(await client.receives('again')).toContain('ok');
  });

  test('ends under a request on its way is closed, and the request goes elsewhere', async () => {
    const { link, client, streamId } = await idle();
    await get(client, '/crossing');
    await link.receives(FrameType.Request, 2);
    link.writer.empty(FrameType.Fin, 0, streamId);
    link.writer.empty(FrameType.Refused, 0, streamId);
    link.writer.flush();
    expect((await link.receives(FrameType.Close)).streamId).toBe(streamId);
    const next = await link.receives(FrameType.Request, 3);
    link.answer(next.streamId, 'crossed');
    await client.receives('crossed');
  });
});

test('a worker that drops its link has it again after a rest, however often it is asked for', async () => {
  const acceptedMs: number[] = [];
  await start((link) => {
    acceptedMs.push(monotonicMs());
    link.socket.destroy();
  });
  const worker_ = listener.worker(worker.endpoint);
  await until(
    'a third link',
    () => {
      const [one] = listener.all('unreachable').slice(-1);
      if (one !== undefined) {
        listener.send({ type: 'open-link', applicationId: 'main/', worker: { ...worker_, workerId: one.workerId } });
      }
      return acceptedMs.length >= 3;
    },
    { everyMs: 10 },
  );
  expect((acceptedMs[2] ?? 0) - (acceptedMs[0] ?? 0)).toBeGreaterThanOrEqual(2 * unreachableRestMs);
});
