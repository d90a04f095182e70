import { expect, test } from '@jest/globals';
import { listenerMemoryShedBytes } from '../../../config/base/limits.js';
import { listenerResidentBytesMin, socketNativeBytes } from '../../../config/base/memory-limits.js';
import { MemoryGate, type MemoryState, residentLimit } from '../../../server/listener/memory-gate.js';

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
