/** The end of a finished answer stays with the connection until its client took it, or takes it too slowly. */
import { describe, expect, test } from '@jest/globals';
import { lingerTimeMs, deadlineTickMs, rateGraceMs } from '../../../config/base/limits.js';
import { ErrorCode, FrameType } from '../../../server/http2/codes.js';
import { get, goAway } from '../../support/http2-frames.js';
import { PlayedHttp2 } from '../../support/played-http2.js';

const connectionTimeoutMs = 10_000;
const answerBytes = 30_000;
/** Well above the slowest that is borne, and far too little for `lingerTimeMs` or `connectionTimeoutMs`. */
const bytesPerTick = 400;
const timeoutTicks = connectionTimeoutMs / deadlineTickMs;
const lingerTicks = lingerTimeMs / deadlineTickMs;

/** A connection with one answer, complete and not taken by the client. */
async function answered(): Promise<PlayedHttp2> {
  const played = await PlayedHttp2.open(connectionTimeoutMs);
  await played.send(get(1, '/file'));
  const body = 'x'.repeat(answerBytes);
  played.worker.answer('/file', `HTTP/1.1 200 OK\r\nContent-Length: ${answerBytes}\r\n\r\n${body}`);
  await played.pass(1, 0);
  expect(played.log.isEnded(1)).toBe(true);
  expect(played.socket.writableLength).toBeGreaterThan(answerBytes);
  return played;
}

describe.each([
  ['the client says GOAWAY', (played: PlayedHttp2) => played.send(goAway(0, ErrorCode.noError))],
  ['the listener stops', async ({ connection }: PlayedHttp2) => connection.closeIfIdle()],
])('%s while a finished answer leaves', (_, end) => {
  test('a client that takes it gets all of it, and the connection ends behind it', async () => {
    const played = await answered();
    await end(played);
    while (played.socket.writableLength > 0) {
      expect(played.socket.isDestroyed).toBe(false);
      await played.pass(1, bytesPerTick);
    }
    expect(played.socket.writable).toBe(false);
    await played.pass(lingerTicks + 1);
    expect(played.socket.isDestroyed).toBe(true);
  });

  test('a client that takes nothing loses it', async () => {
    const played = await answered();
    await end(played);
    await played.pass((rateGraceMs + lingerTimeMs) / deadlineTickMs + 5, 0);
    expect(played.socket.isDestroyed).toBe(true);
  });
});

test('a connection is idle from the moment on at which its client took everything', async () => {
  const played = await answered();
  for (let tick = 0; tick < timeoutTicks + 10; tick += 1) {
    expect(played.connection.idleSinceMs).toBe(Infinity);
    await played.pass(1, bytesPerTick);
  }
  expect(played.log.of(FrameType.goAway)).toEqual([]);
  played.take(Infinity);
  expect(played.connection.idleSinceMs).toBeLessThanOrEqual(played.clock.monotonicMs());
  await played.pass(timeoutTicks - 1);
  expect(played.log.of(FrameType.goAway)).toEqual([]);
  await played.pass(2);
  expect(played.log.of(FrameType.goAway).length).toBeGreaterThan(0);
});
