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

/** Pieces put together again: only the last may have flags. */
function joined(seen: readonly Seen[], lengths: readonly number[]): Seen[] {
  const rest = [...seen];
  return lengths.map((length) => {
    let whole = rest.shift();
    while (whole !== undefined && whole.payload.length < length) {
      const next = rest.shift();
      if (next === undefined) break;
      expect([whole.flags, next.type, next.streamId]).toEqual([0, whole.type, whole.streamId]);
      whole = { ...next, payload: whole.payload + next.payload };
    }
    return whole ?? { type: 0, flags: 0, streamId: 0, payload: 'missing' };
  });
}

const frame = fc.record({
  streamId: fc.integer({ min: 0, max: 0xffff_ffff }),
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
        const lengths = frames.map((one) => one.payload.length);
        expect(pieceType === null ? seen : joined(seen, lengths)).toEqual(
          frames.map((one) => ({
            type: FrameType.Body,
            flags: one.flags,
            streamId: one.streamId,
            payload: one.payload.toString('latin1'),
          })),
        );
      },
    ),
    { numRuns: 100 },
  );
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
