/** A client of HTTP/2 is not charged for time in which the server's own windows keep it from sending. */
import { expect, test } from '@jest/globals';
import {
  deadlineTickMs,
  http2ConnectionWindowBytes,
  http2StreamWindowBytes,
  rateGraceMs,
} from '../../../config/base/limits.js';
import { Flag, FrameType } from '../../../server/http2/codes.js';
import { data, get, post, resetStream, windowUpdate } from '../../support/http2-frames.js';
import { PlayedHttp2 } from '../../support/played-http2.js';

const connectionTimeoutMs = 10_000;
const graceTicks = rateGraceMs / deadlineTickMs + 2;
const timeoutTicks = connectionTimeoutMs / deadlineTickMs + 2;
/** Beyond every time that a client has for what it began. */
const headTicks = 30_000 / deadlineTickMs + graceTicks;
const cancel = 8;
const length = ['content-length', '1000000'] as const;

async function send(played: PlayedHttp2, id: number, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= 16_384) await played.send(data(id, Buffer.alloc(Math.min(left, 16_384))));
}

/** Uploads of so many bytes each, to a worker that takes none of them. */
async function holdUploads(played: PlayedHttp2, sizes: readonly number[]): Promise<void> {
  for (const [at, bytes] of sizes.entries()) {
    await played.send(post(11 + 2 * at, `/held${at}`, ...length));
    await send(played, 11 + 2 * at, bytes);
  }
}

/** What the client was given back of the connection's window. */
function credit({ log }: PlayedHttp2): number {
  const given = log.of(FrameType.windowUpdate, 0).slice(1);
  return given.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
}

test('uploads that nobody takes hold the window of the connection: another one waits, and is not too slow', async () => {
  const played = await PlayedHttp2.open(connectionTimeoutMs);
  await played.send(post(1, '/taken', ...length), data(1, Buffer.alloc(1_000)));
  await played.pass(2);
  const others = http2ConnectionWindowBytes / http2StreamWindowBytes - 1;
  const whole = Array.from({ length: others }, () => http2StreamWindowBytes);
  await holdUploads(played, [http2StreamWindowBytes - 1_000, ...whole]);
  await played.pass(graceTicks + timeoutTicks);
  expect([played.log.field(1, ':status'), credit(played)]).toEqual(['', 1_000]);
  await played.send(resetStream(13, cancel));
  expect(credit(played)).toBe(1_000 + http2StreamWindowBytes);
  await played.pass(1);
  expect(played.log.field(1, ':status')).toBe('');
  // It may send now.
  await played.pass(timeoutTicks);
  expect(played.log.field(1, ':status')).toBe('408');
});

test('what is left of the window comes back although less than half of the whole was taken', async () => {
  const played = await PlayedHttp2.open(connectionTimeoutMs);
  await holdUploads(
    played,
    Array.from({ length: 3 }, () => http2StreamWindowBytes),
  );
  await played.send(post(99, '/taken', ...length));
  const rest = http2ConnectionWindowBytes - 3 * http2StreamWindowBytes;
  await send(played, 99, rest);
  expect(credit(played)).toBe(rest);
});

test('a client that takes an answer slowly is not read from meanwhile, and nothing of its requests is too slow', async () => {
  const played = await PlayedHttp2.open(connectionTimeoutMs);
  await played.send(post(1, '/taken', ...length), data(1, 'x'));
  const bytes = 1_000_000;
  await played.send(get(3, '/file'), windowUpdate(0, bytes), windowUpdate(3, bytes));
  played.worker.answer('/file', `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`);
  const begun = get(7, '/more');
  await played.send(post(5, '/empty', 'content-length', '0'), begun.subarray(0, 20));
  await played.pass(headTicks, 140);
  expect(played.log.of(FrameType.goAway)).toEqual([]);
  expect([played.socket.isPaused, played.log.field(1, ':status')]).toEqual([true, '']);
  played.take(Infinity);
  await played.pass(1);
  await played.send(begun.subarray(20), data(5, '', Flag.endStream));
  expect(played.socket.isPaused).toBe(false);
  expect([...played.worker.exchanges.keys()].slice(2)).toEqual(['/more', '/empty']);
});
