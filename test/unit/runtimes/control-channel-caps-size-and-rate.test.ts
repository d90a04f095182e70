import { beforeEach, describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import type { Clock } from '../../../config/base/clock.js';
import {
  controlCatchUpSecondsMax,
  controlMessageBytesMax,
  controlMessagesPerSecondMax,
} from '../../../config/base/limits.js';
import type { HostToPrimary } from '../../../pools/protocol/host-to-primary.js';
import { ControlChannel } from '../../../pools/runtimes/control-channel.js';

let nowMs: number;
let pipe: PassThrough;
let messages: HostToPrimary[];
let violations: string[];

const clock: Clock = { monotonicMs: () => nowMs, wallMs: () => 0, setTimer: () => () => undefined };

function frame(json: string): Buffer {
  const body = Buffer.from(json);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

function arrive(chunk: Buffer): void {
  pipe.emit('data', chunk);
}

const pong = frame('{"type":"pong","id":1}');

beforeEach(() => {
  nowMs = 0;
  pipe = new PassThrough();
  messages = [];
  violations = [];
  new ControlChannel(pipe, clock, {
    message: (message) => void messages.push(message),
    violation: (problem) => void violations.push(problem),
  });
});

describe('the control channel', () => {
  test('does not blame a worker for what waited while the primary slept, nor allows more than that', () => {
    arrive(pong);
    nowMs = 60_000;
    for (let beats = 0; beats < 60 * 4; beats++) arrive(pong);
    expect(violations).toEqual([]);
    nowMs = 3_600_000;
    for (let sent = 0; sent <= controlMessagesPerSecondMax * controlCatchUpSecondsMax; sent++) arrive(pong);
    expect(violations).toHaveLength(1);
  });

  test('joins messages that arrive byte by byte and splits those that arrive together', () => {
    for (const byte of pong) arrive(Buffer.from([byte]));
    arrive(Buffer.concat([pong, pong, pong.subarray(0, 6)]));
    arrive(pong.subarray(6));
    expect(messages).toHaveLength(4);
    expect(violations).toEqual([]);
  });

  test('refuses a length above the limit before anything of it arrives', () => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(controlMessageBytesMax + 1);
    arrive(head);
    expect(violations).toHaveLength(1);
    expect(pipe.destroyed).toBe(true);
  });

  test('takes a message of the full size', () => {
    const text = 'x'.repeat(controlMessageBytesMax - '{"type":"fatal","text":""}'.length);
    arrive(frame(`{"type":"fatal","text":"${text}"}`));
    expect(messages).toHaveLength(1);
  });

  test('refuses more messages in a second than allowed, and takes as many again in the next', () => {
    const full = Buffer.concat(Array.from({ length: controlMessagesPerSecondMax }, () => pong));
    arrive(full);
    nowMs = 1_000;
    arrive(full);
    expect(messages).toHaveLength(2 * controlMessagesPerSecondMax);
    expect(violations).toEqual([]);
    arrive(pong);
    expect(violations).toHaveLength(1);
    expect(messages).toHaveLength(2 * controlMessagesPerSecondMax);
  });

  test('refuses more bytes in a second than allowed, however few messages they are', () => {
    const big = frame(`{"type":"fatal","text":"${'x'.repeat(65_000)}"}`);
    for (let n = 0; n < 20 && violations.length === 0; n++) arrive(big);
    expect(violations).toHaveLength(1);
    expect(messages.length).toBeLessThan(20);
  });

  test('says a violation once and hears nothing afterwards', () => {
    arrive(frame('junk'));
    arrive(pong);
    arrive(frame('junk'));
    expect(violations).toEqual(['not JSON']);
    expect(messages).toEqual([]);
  });
});
