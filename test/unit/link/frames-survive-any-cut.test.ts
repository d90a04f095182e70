import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { linkFrameBytesMax } from '../../../config/base/limits.js';
import { EndFlag, FrameType } from '../../../pools/link/frames.js';
import { type FrameHandler, FrameReader } from '../../../pools/link/reader.js';
import { FrameMark, FrameWriter } from '../../../pools/link/writer.js';

function sink(): { readonly parts: Buffer[]; readonly writer: FrameWriter } {
  const parts: Buffer[] = [];
  const writer = new FrameWriter({
    writableLength: 0,
    write: (part) => parts.push(Buffer.from(part)) > 0,
    cork: () => undefined,
    uncork: () => undefined,
  });
  return { parts, writer };
}

interface Seen {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: string;
}

function reader(pieceType: FrameType | null = null): { readonly seen: Seen[]; readonly reader: FrameReader } {
  const seen: Seen[] = [];
  const handler: FrameHandler = {
    onFrame: (type, flags, _aux, streamId, buffer, start, end) => {
      seen.push({ type, flags, streamId, payload: buffer.toString('latin1', start, end) });
    },
  };
  return { seen, reader: new FrameReader(handler, pieceType) };
}

/** However they were cut or put together: what stands behind each other in one stream, up to a flag, is one. */
function joined(seen: readonly Seen[]): Seen[] {
  const whole: Seen[] = [];
  for (const next of seen) {
    const last = whole.at(-1);
    const isMore = last?.flags === 0 && last.streamId === next.streamId && (next.flags & ~EndFlag) === 0;
    if (last !== undefined && isMore) whole[whole.length - 1] = { ...next, payload: last.payload + next.payload };
    else whole.push(next);
  }
  return whole;
}

const frame = fc.record({
  streamId: fc.oneof(fc.constant(7), fc.constant(8), fc.integer({ min: 0, max: 0xffff_ffff })),
  flags: fc.oneof(fc.constant(0), fc.constant(EndFlag), fc.integer({ min: 0, max: 255 })),
  payload: fc.oneof(
    fc.string({ maxLength: 60 }).map((text) => Buffer.from(text, 'utf8')),
    fc.integer({ min: 0, max: linkFrameBytesMax }).map((size) => Buffer.alloc(size, size % 251)),
  ),
});

test.each([
  ['whole', null],
  ['in pieces', FrameType.Body],
])('frames come out %s as they went in, however the bytes are cut', (_name, pieceType) => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }),
      (frames, cuts) => {
        const { parts, writer } = sink();
        for (const one of frames) writer.bytes(FrameType.Body, one.flags, 0, one.streamId, one.payload);
        writer.flush();
        const bytes = Buffer.concat(parts);
        const { seen, reader: cutter } = reader(pieceType);
        // One buffer for all reads, as a socket with `onread` has.
        const shared = Buffer.alloc(70_000);
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = Math.min(cuts[turn % cuts.length] ?? 1, bytes.length - at);
          bytes.copy(shared, 0, at, at + size);
          expect(cutter.push(shared, 0, size)).toBeNull();
          shared.fill(0xee);
          at += size;
        }
        const sent = frames.map((one) => ({
          type: FrameType.Body,
          flags: one.flags,
          streamId: one.streamId,
          payload: one.payload.toString('latin1'),
        }));
        expect(pieceType === null ? seen : joined(seen)).toEqual(pieceType === null ? sent : joined(sent));
      },
    ),
    { numRuns: 100 },
  );
});

test('many crumbs of one stream that came in one read are one, and a pause in between loses nothing', () => {
  const { parts, writer } = sink();
  const alone = Array.from({ length: 32 }, (_, index) => `write ${index}`);
  for (const text of alone) writer.latin1(FrameType.Answer, 0, 0, 7, text);
  const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const streamId of [1, 1, 2, 1]) for (const text of texts) writer.latin1(FrameType.Answer, 0, 0, streamId, text);
  writer.latin1(FrameType.Answer, EndFlag, 0, 1, 'end');
  writer.latin1(FrameType.Answer, 2, 0, 1, 'head');
  writer.flush();
  const seen: string[] = [];
  const cutter = new FrameReader(
    {
      onFrame: (_type, flags, _aux, streamId, buffer, start, end) => {
        seen.push(`${streamId} ${flags} ${buffer.toString('latin1', start, end)}`);
        cutter.pause();
      },
    },
    FrameType.Answer,
  );
  const bytes = Buffer.concat(parts);
  cutter.push(bytes, 0, bytes.length);
  while (cutter.isPaused) cutter.resume();
  expect(seen.slice(0, 32)).toEqual(alone.map((text) => `7 0 ${text}`));
  expect(seen.slice(32)).toEqual(['1 0 abcdefabcdef', '2 0 abcdef', '1 1 abcdefend', '1 2 head']);
});

test('bytes beyond one frame are cut: the end flag is on the last', () => {
  const { parts, writer } = sink();
  writer.bytes(FrameType.Answer, EndFlag | 2, 9, 5, Buffer.alloc(linkFrameBytesMax * 2 + 1));
  writer.flush();
  const { seen, reader: cutter } = reader();
  const bytes = Buffer.concat(parts);
  cutter.push(bytes, 0, bytes.length);
  expect(seen.map((one) => [one.flags, one.payload.length])).toEqual([
    [2, linkFrameBytesMax],
    [0, linkFrameBytesMax],
    [EndFlag, 1],
  ]);
});

test('flags can be added to a frame until it leaves', () => {
  const { parts, writer } = sink();
  const mark = new FrameMark();
  writer.latin1(FrameType.Answer, 0, 0, 1, 'answer');
  writer.mark(mark);
  writer.latin1(FrameType.Answer, 0, 0, 2, 'other');
  expect(writer.addFlags(mark, EndFlag)).toBe(true);
  writer.flush();
  expect(writer.addFlags(mark, EndFlag)).toBe(false);
  const { seen, reader: cutter } = reader();
  const bytes = Buffer.concat(parts);
  cutter.push(bytes, 0, bytes.length);
  expect(seen.map((one) => one.flags)).toEqual([EndFlag, 0]);
});

test('an unknown type and an oversized payload end the link; nothing is read behind them', () => {
  for (const [header, text] of [
    [[0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 1], 'frame of unknown type 99'],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 'frame of unknown type 0'],
    [[0, 1, 0, 1, 3, 0, 0, 0, 0, 0, 0, 1], 'frame of 65537 bytes'],
    [[255, 255, 255, 255, 3, 0, 0, 0, 0, 0, 0, 1], 'frame of 4294967295 bytes'],
  ] as const) {
    for (const cut of [header.length, 5, 1]) {
      const { seen, reader: cutter } = reader();
      const bytes = Buffer.from(header);
      cutter.push(bytes, 0, cut);
      if (cut < bytes.length) cutter.push(bytes, cut, bytes.length);
      expect(cutter.error).toBe(text);
      const good = Buffer.from([0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1]);
      expect(cutter.push(good, 0, good.length)).toBe(text);
      expect(seen).toEqual([]);
    }
  }
});
