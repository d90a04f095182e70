import { describe, expect, test } from '@jest/globals';
import { formatTimeSpan, parseBoolean, parseSize, parseTimeSpan, parseUint } from '../../../config/base/units.js';

describe('timeSpan of IIS', () => {
  test.each([
    ['00:20:00', 1_200_000],
    ['1.05:00:00', 104_400_000],
    ['00:00:00', 0],
    ['1:2:3', 3_723_000],
    ['15.00:00:00', 1_296_000_000],
  ])('%s', (text, ms) => {
    expect(parseTimeSpan(text)).toEqual({ ok: true, value: ms });
  });

  test.each([
    '',
    '60',
    '00:20',
    '24:00:00',
    '00:60:00',
    '00:00:60',
    '-00:00:01',
    '00:00:00.5',
    '1,05:00:00',
    '99999.00:00:00',
  ])('"%s" is refused', (text) => {
    expect(parseTimeSpan(text).ok).toBe(false);
  });

  test('is written back as it was read', () => {
    for (const text of ['00:20:00', '1.05:00:00', '00:00:01', '30.00:00:00']) {
      const parsed = parseTimeSpan(text);
      expect(parsed.ok && formatTimeSpan(parsed.value)).toBe(text);
    }
  });
});

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['256MB', 268_435_456],
    ['256 mb', 268_435_456],
    ['1.5GB', 1_610_612_736],
    ['10K', 10_240],
    ['12B', 12],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toEqual({ ok: true, value: bytes });
  });

  test.each(['', 'MB', '-1', '1e3', '1PB', '9999999999999999TB', '1MiB'])('"%s" is refused', (text) => {
    expect(parseSize(text).ok).toBe(false);
  });
});

test('XML numbers and booleans are strict about digits and lenient about case', () => {
  expect(parseUint('0120')).toEqual({ ok: true, value: 120 });
  for (const bad of ['-1', '1.0', '0x10', '', '1e3']) expect(parseUint(bad).ok).toBe(false);
  expect(parseBoolean('True')).toEqual({ ok: true, value: true });
  expect(parseBoolean('1').ok).toBe(false);
});
