import { describe, expect, test } from '@jest/globals';
import { FieldKind } from '../../../server/http1/field-kinds.js';
import { createRequestHead } from '../../../server/http1/request-head.js';
import type { RequestHead } from '../../../server/http1/types.js';
import { isTraceState, joinTrace, parseTraceparent } from '../../../server/proxy/trace-context.js';
import { isPathOf } from '../../../server/listener/tracing/trace-rules.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
const valid = `00-${traceId}-${parent}-01`;
const creates = { createsTraces: true, samplingRatio: 1 };

function head(...fields: string[]): RequestHead {
  const request = createRequestHead();
  request.fields = fields;
  request.fieldKinds = fields.filter((_, at) => at % 2 === 0).map(() => FieldKind.plain);
  return request;
}

function sent(request: RequestHead, name: string): string[] {
  const { fields } = request;
  return fields.filter((_, at) => at % 2 === 1 && fields[at - 1]?.toLowerCase() === name);
}

describe('traceparent', () => {
  test.each([
    ['sampled', valid, true],
    ['not sampled', `00-${traceId}-${parent}-00`, false],
    ['further flags', `00-${traceId}-${parent}-ff`, true],
    ['a version of the future', `cc-${traceId}-${parent}-01`, true],
    ['a version of the future with more', `cc-${traceId}-${parent}-01-what-the-future-will-be`, true],
  ])('%s is taken', (_name, value, isSampled) => {
    expect(parseTraceparent(value)).toEqual({ traceId, spanId: parent, isSampled });
  });

  test.each([
    '',
    'x',
    `ff-${traceId}-${parent}-01`,
    `0x-${traceId}-${parent}-01`,
    `00-${traceId.toUpperCase()}-${parent}-01`,
    `00-${'0'.repeat(32)}-${parent}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${parent}-1`,
    `00-${traceId}-${parent}-0g`,
    `${valid}-`,
    `${valid}0`,
    ` ${valid}`,
    `cc-${traceId}-${parent}-01.what`,
    `00_${traceId}_${parent}_01`,
  ])('%j is not', (value) => {
    expect(parseTraceparent(value)).toBeNull();
  });
});

test('tracestate: at most 32 members with keys of small letters', () => {
  const members = (count: number): string => Array.from({ length: count }, (_, at) => `k${at}=1`).join(',');
  for (const good of [
    'a=1',
    'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    'a=1 , b=2',
    'fw529a3039@dt=FfV',
    '0a=b',
    members(32),
  ])
    expect(isTraceState(good)).toBe(true);
  for (const bad of [
    '',
    ',',
    'a',
    '=1',
    'A=1',
    'a=',
    'a=1=2',
    'a b=1',
    '@a=1',
    'a=\u00e9',
    members(33),
    `a=${'x'.repeat(257)}`,
  ])
    expect(isTraceState(bad)).toBe(false);
});

test('a valid one goes on with our span as the parent, and its state', () => {
  const request = head('Host', 'a', 'TraceParent', valid, 'Tracestate', 'a=1', 'tracestate', 'b=2', 'x', 'y');
  const context = joinTrace(request, { createsTraces: false, samplingRatio: 0 });
  expect(context).toMatchObject({ traceId, parentSpanId: parent, isSampled: true, traceState: 'a=1,b=2' });
  expect(sent(request, 'traceparent')).toEqual([`00-${traceId}-${context?.spanId ?? ''}-01`]);
  expect(sent(request, 'tracestate')).toEqual(['a=1,b=2']);
  expect(request.fields.slice(0, 4)).toEqual(['Host', 'a', 'x', 'y']);
  expect(request.fieldKinds).toHaveLength(request.fields.length / 2);
});

test.each([
  ['not valid', ['traceparent', 'nonsense', 'tracestate', 'a=1']],
  ['there twice', ['traceparent', valid, 'traceparent', valid, 'tracestate', 'a=1']],
])('one that is %s is replaced by a new trace, and its state is gone', (_name, fields) => {
  const request = head(...fields);
  const context = joinTrace(request, { createsTraces: false, samplingRatio: 1 });
  expect(context).toMatchObject({ parentSpanId: '', traceState: '' });
  expect(context?.traceId).not.toBe(traceId);
  const [value = '', ...more] = sent(request, 'traceparent');
  expect(more).toEqual([]);
  expect(parseTraceparent(value)).toMatchObject({ traceId: context?.traceId, isSampled: true });
  expect(sent(request, 'tracestate')).toEqual([]);
});

test('absent: made only where that is wanted, each one new, sampled in its share', () => {
  const request = head('host', 'a', 'tracestate', 'a=1');
  expect(joinTrace(request, { createsTraces: false, samplingRatio: 1 })).toBeNull();
  expect(request.fields).toEqual(['host', 'a', 'tracestate', 'a=1']);
  const ids = new Set(Array.from({ length: 2_000 }, () => joinTrace(head(), creates)?.traceId));
  expect(ids.size).toBe(2_000);
  const sampled = Array.from({ length: 2_000 }, () => joinTrace(head(), { ...creates, samplingRatio: 0.5 })?.isSampled);
  const share = sampled.filter(Boolean).length / 2_000;
  expect(share).toBeGreaterThan(0.4);
  expect(share).toBeLessThan(0.6);
  expect(joinTrace(head(), { ...creates, samplingRatio: 0 })?.isSampled).toBe(false);
});

test('paths of rules: * stands for anything, and hostile ones cost no time', () => {
  for (const [pattern, path] of [
    ['*', '/'],
    ['/a', '/a'],
    ['/a*', '/abc'],
    ['*.php', '/x/y.php'],
    ['/a*c*', '/abcd'],
    ['**', '/x'],
  ] as const)
    expect(isPathOf(pattern, path)).toBe(true);
  for (const [pattern, path] of [
    ['/a', '/ab'],
    ['/ab*b', '/ab'],
    ['*.php', '/x.phpx'],
    ['/a*c*e', '/abd'],
  ] as const)
    expect(isPathOf(pattern, path)).toBe(false);
  expect(isPathOf(`${'*a'.repeat(500)}b`, 'a'.repeat(8_000))).toBe(false);
});
