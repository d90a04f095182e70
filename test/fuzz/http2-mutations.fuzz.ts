/**
 * Mutates the frame scripts with a printed seed. Whatever the bytes are: no throw, one result for every split, every stream
 * that is told ends once, what leaves are whole frames that can be decoded and that keep to the client's windows.
 * `SLUICE_FUZZ_SECONDS` lengthens the run, `SLUICE_FUZZ_SEED` repeats one.
 */
import { expect, test } from '@jest/globals';
import { http2StreamsMax } from '../../config/base/limits.js';
import { createClientConnection } from '../../server/http2/client-connection.js';
import { frameHeaderBytes } from '../../server/http2/codes.js';
import { FrameBuffer } from '../../server/http2/frame-buffer.js';
import type { ClientConnection } from '../../server/http2/types.js';
import { http2Scripts } from '../conformance/http2/index.js';
import { EngineUnderTest } from '../conformance/http2/on-engine.js';
import { stepsOf } from '../conformance/http2/script.js';
import {
  block,
  data,
  frame,
  goAway,
  headers,
  ping,
  resetStream,
  settings,
  windowUpdate,
} from '../support/http2-frames.js';
import { Random } from '../support/random.js';

const seed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 20_261_121);
const seconds = Number(process.env['SLUICE_FUZZ_SECONDS'] ?? 0);
const rounds = 3_000;

function isOver(round: number, started: number): boolean {
  return seconds > 0 ? performance.now() - started > seconds * 500 : round >= rounds;
}

/** Cuts at frame headers, as far as they make sense. */
function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + 3 <= bytes.length ? bytes.readUIntBE(at, 3) : 0;
    const end = Math.min(bytes.length, at + frameHeaderBytes + length);
    frames.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return frames;
}

/** One or some changes to a list of frames. */
function mutate(random: Random, frames: Buffer[], others: readonly Buffer[]): Buffer {
  const list: Buffer[] = frames.map((bytes) => Buffer.from(bytes));
  for (let change = 1 + random.below(4); change > 0; change--) {
    const at = random.below(list.length);
    const one: Buffer = list[at] ?? Buffer.alloc(0);
    const byte = random.below(Math.max(1, one.length));
    switch (random.below(8)) {
      case 0:
        one[byte] = random.below(256);
        break;
      case 1:
        one[random.below(Math.min(frameHeaderBytes, one.length))] = random.below(10);
        break;
      case 2:
        list.splice(at, 1);
        break;
      case 3:
        list.splice(at, 0, one);
        break;
      case 4:
        list.splice(random.below(list.length + 1), 0, random.pick(others));
        break;
      case 5:
        list[at] = Buffer.concat([one.subarray(0, byte), Buffer.from([random.below(256)]), one.subarray(byte)]);
        break;
      case 6:
        list[at] = Buffer.concat([one.subarray(0, byte), one.subarray(byte + 1)]);
        break;
      default:
        list.push(...list.splice(at, 1));
    }
    if (list.length === 0) list.push(random.pick(others));
  }
  return Buffer.concat(list);
}

function split(random: Random, bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(200));
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/**
 * What must be the same for every split, with an owner that answers nothing: an answer could close a stream before the next
 * frame for it, or after.
 */
function view(parts: readonly Buffer[]): { told: string[]; failure: string } {
  const ends: number[] = [];
  const engine = new EngineUnderTest({
    onRequest: (stream) => void engine.live.add(stream),
    onData: () => undefined,
    onEnd: () => undefined,
    onReset: (stream) => {
      ends.push(stream.id);
      engine.live.delete(stream);
      engine.connection.release(stream);
    },
  });
  for (const part of parts) engine.send(part);
  const failure = engine.connection.failure?.reason ?? '';
  expect(engine.connection.streamCount).toBeLessThanOrEqual(http2StreamsMax);
  engine.connection.abandon();
  expect([engine.live.size, engine.connection.streamCount, new Set(ends).size]).toEqual([0, 0, ends.length]);
  return { told: engine.told, failure };
}

/** The same bytes for an owner that answers: nothing throws, and what leaves can be decoded. */
function answer(bytes: Buffer): void {
  const engine = new EngineUnderTest();
  engine.send(bytes);
  engine.connection.abandon();
  expect([engine.live.size, engine.connection.streamCount]).toEqual([0, 0]);
}

test(
  `mutated frames of clients, seed ${seed}`,
  () => {
    const random = new Random(seed);
    const scripts = http2Scripts
      .map((script) => stepsOf(script).filter((step): step is Buffer => Buffer.isBuffer(step)))
      .filter((steps) => Buffer.concat(steps).length < 3_000)
      .map((steps) => ({ opening: steps[0] ?? Buffer.alloc(0), frames: framesOf(Buffer.concat(steps.slice(1))) }));
    const others = scripts.flatMap(({ frames }) => frames);
    const started = performance.now();
    let survived = 0;
    for (let round = 0; !isOver(round, started); round++) {
      const { opening, frames } = random.pick(scripts);
      const bytes = Buffer.concat([opening, mutate(random, frames, others)]);
      const name = `seed ${seed} round ${round}`;
      const whole = view([bytes]);
      expect({ name, ...view(split(random, bytes)) }).toEqual({ name, ...whole });
      answer(bytes);
      if (whole.failure === '') survived++;
    }
    expect(survived).toBeGreaterThan(0);
  },
  Math.max(60_000, seconds * 2_000),
);

/** What a worker may send, put together at random and damaged. */
function workerFrames(random: Random): Buffer[] {
  const id = (): number => 1 + 2 * random.below(6);
  return Array.from({ length: 2 + random.below(12) }, () =>
    random.pick([
      settings(random.below(9), random.pick([0, 1, 100, 65_535, 0x7fff_ffff, 0xffff_ffff])),
      headers(id(), block(':status', random.pick(['200', '204', '103', '101', '20x'])), random.below(2)),
      headers(id(), block('grpc-status', '0'), random.below(2)),
      data(id(), 'x'.repeat(random.below(300)), random.below(2)),
      resetStream(id(), random.below(14)),
      windowUpdate(random.below(8), random.pick([0, 1, 70_000, 0x7fff_ffff])),
      ping('worker', random.below(2)),
      goAway(id(), 0),
      frame(random.below(12), random.below(256), random.below(8), Buffer.alloc(random.below(20), random.below(256))),
    ]),
  );
}

test(
  `mutated frames of workers, seed ${seed}`,
  () => {
    const random = new Random(seed + 1);
    const started = performance.now();
    let answers = 0;
    for (let round = 0; !isOver(round, started); round++) {
      const ends = new Map<number, number>();
      const ended = (id: number): void => void ends.set(id, (ends.get(id) ?? 0) + 1);
      const output = new FrameBuffer();
      const connection: ClientConnection<null> = createClientConnection<null>(output, {
        onAnswer: (stream) => {
          answers++;
          if (stream.isPeerDone) ended(stream.id);
        },
        onData: (stream, _buffer, start, end) => connection.consumed(stream, end - start),
        onEnd: (stream) => ended(stream.id),
        onReset: () => undefined,
        onWritable: () => undefined,
        onMalformed: () => undefined,
        onCapacity: () => undefined,
        onFailed: () => undefined,
        onDrained: () => undefined,
      });
      connection.start();
      const fields = ['x-a', 'b'];
      const request = {
        method: 'POST',
        scheme: 'http',
        authority: 'a',
        path: '/',
        protocol: '',
        fields,
        neverIndexed: null,
      } as const;
      const streams = Array.from({ length: 5 }, (_, i) => connection.open(request, i % 2 === 0));
      const frames = [settings(), ...workerFrames(random)];
      for (const part of split(random, mutate(random, frames, frames))) connection.receive(part, 0, part.length, 1);
      connection.abandon();
      for (const stream of streams) if (stream !== null) connection.release(stream);
      expect(connection.streamCount).toBe(0);
      expect([...ends.values()].every((count) => count === 1)).toBe(true);
    }
    expect(answers).toBeGreaterThan(100);
  },
  Math.max(60_000, seconds * 2_000),
);
