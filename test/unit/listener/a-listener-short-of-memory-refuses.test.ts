import { expect, test } from '@jest/globals';
import { listenerMemoryShedBytes, overloadCheckMs } from '../../../config/base/limits.js';
import { listenerResidentBytesMin, socketNativeBytes } from '../../../config/base/memory-limits.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import { ListeningSockets } from '../../../server/listener/accept.js';
import { MemoryGate, type MemoryState, residentLimit } from '../../../server/listener/memory-gate.js';
import { memoryFull, Overload } from '../../../server/listener/overload.js';
import { ManualClock } from '../../support/manual-clock.js';

const mebibyte = 2 ** 20;
const limit = 1_024 * mebibyte;

function weighing(): (allocated: number, rss: number, sockets: number) => MemoryState {
  const gate = new MemoryGate();
  return (allocated, rss, sockets) => {
    gate.weigh({ heapUsed: allocated / 2, external: allocated / 2, rss, sockets }, limit);
    return gate.state;
  };
}

test('heap and buffers over their limit refuse until a tenth less is held', () => {
  const weigh = weighing();
  expect(weigh(listenerMemoryShedBytes, 0, 0)).toBe('fits');
  expect(weigh(listenerMemoryShedBytes + 2, 0, 0)).toBe('heap');
  expect(weigh(listenerMemoryShedBytes * 0.91, 0, 0)).toBe('heap');
  expect(weigh(listenerMemoryShedBytes * 0.89, 0, 0)).toBe('fits');
  expect(weigh(listenerMemoryShedBytes * 0.91, 0, 0)).toBe('fits');
});

test('what OpenSSL holds for connections counts too, and a tenth less ends it', () => {
  const weigh = weighing();
  const many = limit / socketNativeBytes;
  expect(weigh(100 * mebibyte, limit, many)).toBe('fits');
  expect(weigh(100 * mebibyte, limit + 1, many)).toBe('resident');
  expect(weigh(100 * mebibyte, limit * 0.91, many)).toBe('resident');
  expect(weigh(100 * mebibyte, limit * 0.89, many)).toBe('fits');
});

test('what an allocator keeps after a rush refuses nobody', () => {
  const weigh = weighing();
  expect(weigh(100 * mebibyte, 2 * limit, (2 * limit) / socketNativeBytes)).toBe('resident');
  expect(weigh(100 * mebibyte, 2 * limit, 100)).toBe('fits');
});

test('listeners share half of the machine, and none is refused what a small one needs', () => {
  expect(residentLimit(8_192 * mebibyte, 2)).toBe(2_048 * mebibyte);
  expect(residentLimit(8_192 * mebibyte, 0)).toBe(4_096 * mebibyte);
  expect(residentLimit(256 * mebibyte, 4)).toBe(listenerResidentBytesMin);
});

test('a listener whose connections fill its memory refuses requests and closes the idle ones, until there is room', () => {
  const clock = new ManualClock();
  const said: ListenerToPrimary[] = [];
  const say = (message: ListenerToPrimary): void => void said.push(message);
  const closed: number[] = [];
  const connections = new Set(
    Array.from({ length: 3_200 }, (_, at) => ({
      // Half of them are answering.
      idleSinceMs: at % 2 === 0 ? at : Infinity,
      requests: 1,
      readUnread: () => undefined,
      destroy: () => void closed.push(at),
    })),
  );
  let rss = listenerResidentBytesMin;
  const nobody = (): void => undefined;
  const overload = new Overload({
    clock,
    sockets: new ListeningSockets(nobody, nobody, say),
    connections,
    // Each counts as a socket.
    arrivals: connections,
    memory: () => ({ heapUsed: 30 * mebibyte, external: 30 * mebibyte, rss }),
    say,
  });
  overload.listeners = 1_000_000;
  clock.advance(overloadCheckMs);
  expect([overload.rejection, said, closed]).toEqual([null, [], []]);
  rss += 1;
  clock.advance(overloadCheckMs);
  clock.advance(overloadCheckMs);
  expect(overload.rejection).toBe(memoryFull);
  expect(said).toMatchObject([{ event: 'memory-full', fields: { of: 'resident', resident: rss } }]);
  expect(closed.length).toBeGreaterThan(100);
  expect(closed.every((at) => at % 2 === 0 && at < 3_200 / 8)).toBe(true);
  rss = listenerResidentBytesMin * 0.89;
  clock.advance(overloadCheckMs);
  expect([overload.rejection, said.length]).toEqual([null, 1]);
});
