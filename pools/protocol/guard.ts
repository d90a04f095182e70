/**
 * The only door for messages of a worker that runs tenant code: checks the shape of every message
 * from an in-process host and copies it field by field, so that nothing unknown gets further.
 * Size and rate are the channel's business (`limits.controlMessageBytesMax` and the rate beside it).
 */
import { hotLinesMax, stallFramesMax } from '../../config/base/limits.js';
import type { HostToPrimary } from './host-to-primary.js';
import type { StallFrame } from './stall-report.js';

export type GuardResult =
  | { readonly ok: true; readonly message: HostToPrimary }
  | { readonly ok: false; readonly problem: string };

type Fields = Readonly<Record<string, unknown>>;

const codeCharsMax = 64;
const textCharsMax = 16_384;
const frameCharsMax = 256;
const countMax = 0xffff_ffff;
const millisecondsMax = 86_400_000;

class Refused extends Error {}

/** Parses and checks one message; the problem names the message type and the field, never its value. */
export function parseHostMessage(json: string): GuardResult {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { ok: false, problem: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, problem: 'not an object' };
  }
  try {
    return { ok: true, message: check(value as Fields) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, problem: error.message };
    throw error;
  }
}

function check(fields: Fields): HostToPrimary {
  switch (fields['type']) {
    case 'waiting':
      return { type: 'waiting' };
    case 'hello':
      return {
        type: 'hello',
        protocol: integer(fields, 'protocol', countMax),
        node: text(fields, 'node', codeCharsMax),
        pid: integer(fields, 'pid', countMax),
        path: oneOf(fields, 'path', ['fast', 'slow', 'documented'] as const),
      };
    case 'listening':
      return {
        type: 'listening',
        port: integer(fields, 'port', 65_535),
        how: oneOf(fields, 'how', ['listen', 'export'] as const),
      };
    case 'notice':
      return { type: 'notice', code: text(fields, 'code', codeCharsMax), text: text(fields, 'text', textCharsMax) };
    case 'heartbeat':
      return {
        type: 'heartbeat',
        inFlight: integer(fields, 'inFlight', countMax),
        quiet: flag(fields, 'quiet'),
        delayMs: clamped(fields, 'delayMs', millisecondsMax),
        utilization: clamped(fields, 'utilization', 1),
        heapUsed: clamped(fields, 'heapUsed', Number.MAX_SAFE_INTEGER),
      };
    case 'metrics':
      return { type: 'metrics', families: anyList(fields, 'families'), left: integer(fields, 'left', countMax) };
    case 'warmed':
      return { type: 'warmed', status: integer(fields, 'status', 999) };
    case 'pong':
      return { type: 'pong', id: integer(fields, 'id', countMax) };
    case 'dumped':
      return {
        type: 'dumped',
        id: integer(fields, 'id', countMax),
        file: text(fields, 'file', codeCharsMax),
        error: text(fields, 'error', textCharsMax),
      };
    case 'refused':
      return { type: 'refused', code: text(fields, 'code', codeCharsMax), text: text(fields, 'text', textCharsMax) };
    case 'fatal':
      return { type: 'fatal', text: text(fields, 'text', textCharsMax) };
    case 'stall-debugged':
      return { type: 'stall-debugged' };
    case 'stall-stack':
      return {
        type: 'stall-stack',
        frames: list(fields, 'frames', stallFramesMax, frame),
        heapUsedBytes: clamped(fields, 'heapUsedBytes', Number.MAX_SAFE_INTEGER),
        heapTotalBytes: clamped(fields, 'heapTotalBytes', Number.MAX_SAFE_INTEGER),
        rssBytes: clamped(fields, 'rssBytes', Number.MAX_SAFE_INTEGER),
      };
    case 'stall-profile':
      return {
        type: 'stall-profile',
        durationMs: clamped(fields, 'durationMs', millisecondsMax),
        hotLines: list(fields, 'hotLines', hotLinesMax, (line) => ({
          ...frame(line),
          percent: clamped(line, 'percent', 100),
        })),
      };
    default:
      throw new Refused('unknown message type');
  }
}

function refuse(fields: Fields, name: string, expected: string): never {
  throw new Refused(`${String(fields['type'])}.${name} is not ${expected}`);
}

/** Text for people is cut, not refused: a long stack must not hide why a worker dies. */
function text(fields: Fields, name: string, charsMax: number): string {
  const value = own(fields, name);
  if (typeof value !== 'string') refuse(fields, name, 'text');
  return value.slice(0, charsMax);
}

function integer(fields: Fields, name: string, max: number): number {
  const value = own(fields, name);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
    refuse(fields, name, `a whole number up to ${max}`);
  }
  return value;
}

/** A measured figure: a clock that stepped must not end a worker, so it is clamped, not refused. */
function clamped(fields: Fields, name: string, max: number): number {
  const value = own(fields, name);
  if (typeof value !== 'number') refuse(fields, name, 'a number');
  return Math.min(Math.max(value, 0), max);
}

function frame(fields: Fields): StallFrame {
  return {
    name: text(fields, 'name', frameCharsMax),
    file: text(fields, 'file', frameCharsMax),
    line: clamped(fields, 'line', countMax),
  };
}

/** Cut like text: what is beyond the limit tells nobody more. */
function list<T>(fields: Fields, name: string, max: number, item: (fields: Fields) => T): readonly T[] {
  const value = own(fields, name);
  if (!Array.isArray(value)) refuse(fields, name, 'a list');
  return value.slice(0, max).map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) refuse(fields, name, 'a list of objects');
    return item(entry as Fields);
  });
}

/** Whoever takes it checks what is in it. */
function anyList(fields: Fields, name: string): readonly unknown[] {
  const value = own(fields, name);
  return Array.isArray(value) ? value : refuse(fields, name, 'a list');
}

function oneOf<const T extends string>(fields: Fields, name: string, allowed: readonly T[]): T {
  const value = own(fields, name);
  const found = allowed.find((candidate) => candidate === value);
  return found ?? refuse(fields, name, allowed.join(' or '));
}

function flag(fields: Fields, name: string): boolean {
  const value = own(fields, name);
  return typeof value === 'boolean' ? value : refuse(fields, name, 'true or false');
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
