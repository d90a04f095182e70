import { describe, expect, test } from '@jest/globals';
import { FrameBoundaryScanner, serviceRestartClose } from '../../../server/http1/websocket.js';
import { Random } from '../../support/random.js';

/** One frame with a payload of `size` bytes that look like frames themselves. */
function frame(size: number, masked = false, opcode = 2, extended = 0): Buffer {
  const head: number[] = [0x80 | opcode];
  const mask = masked ? 0x80 : 0;
  if (extended === 8 || size > 65_535)
    head.push(mask | 127, 0, 0, 0, 0, size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255);
  else if (extended === 2 || size > 125) head.push(mask | 126, size >>> 8, size & 255);
  else head.push(mask | size);
  if (masked) head.push(1, 2, 3, 4);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(size, 0x88)]);
}

const frames = [
  frame(0),
  frame(1),
  frame(125),
  frame(126),
  frame(127),
  frame(65_535),
  frame(65_536),
  frame(5, true),
  frame(300, true),
  frame(0, true),
  frame(0, false, 2, 2),
  frame(0, false, 2, 8),
  frame(7, false, 9),
];
const stream = Buffer.concat(frames);
const ends = new Set<number>();
for (let at = 0, i = 0; i < frames.length; i++) ends.add((at += frames[i]?.length ?? 0));

describe('frame boundaries', () => {
  test('every end of a frame is found, however the bytes are split', () => {
    const random = new Random(99);
    for (let round = 0; round < 50; round++) {
      const scanner = new FrameBoundaryScanner();
      const found: number[] = [];
      let at = 0;
      while (at < stream.length) {
        const end = Math.min(stream.length, at + 1 + random.below(round % 2 === 0 ? 9 : 70_000));
        while (at < end) {
          const boundary = scanner.advanceToBoundary(stream, at, end);
          if (boundary < 0) break;
          found.push(boundary);
          expect(scanner.atBoundary).toBe(true);
          at = boundary;
        }
        at = end;
      }
      expect(found).toEqual([...ends]);
    }
  });

  test('advance agrees with the known ends byte by byte', () => {
    const scanner = new FrameBoundaryScanner();
    for (let i = 0; i < stream.length; i++) {
      scanner.advance(stream, i, i + 1);
      if (scanner.atBoundary !== ends.has(i + 1)) throw new Error(`wrong at byte ${i}`);
    }
    expect(scanner.closeSeen).toBe(false);
  });

  test('the server closing by itself is noticed', () => {
    const scanner = new FrameBoundaryScanner();
    scanner.advance(frame(2, false, 8), 0, 4);
    expect(scanner.closeSeen).toBe(true);
  });

  test('a length beyond every number never ends', () => {
    const scanner = new FrameBoundaryScanner();
    const bytes = Buffer.concat([
      Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]),
      Buffer.alloc(1_000),
    ]);
    expect(scanner.advanceToBoundary(bytes, 0, bytes.length)).toBe(-1);
    expect(scanner.atBoundary).toBe(false);
  });

  test('the close frame says 1012', () => {
    expect([...serviceRestartClose]).toEqual([0x88, 2, 1012 >> 8, 1012 & 255]);
  });
});
