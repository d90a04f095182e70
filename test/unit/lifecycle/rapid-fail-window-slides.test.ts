import { describe, expect, test } from '@jest/globals';
import {
  addFailure,
  emptyWindow,
  isTripped,
  perMinuteRule,
  recoversInMs,
  type WindowRule,
} from '../../../pools/lifecycle/rapid-fail.js';

function failuresAt(rule: WindowRule, stamps: readonly number[]): readonly number[] {
  return stamps.reduce((window, nowMs) => addFailure(window, rule, nowMs), emptyWindow);
}

describe('the window of a pool', () => {
  const rule: WindowRule = { intervalMs: 300_000, tripsAt: 5 };

  test('trips at the Nth failure, not before', () => {
    const four = failuresAt(rule, [0, 1, 2, 3]);
    expect(isTripped(four, rule, 3)).toBe(false);
    expect(isTripped(addFailure(four, rule, 299_999), rule, 299_999)).toBe(true);
  });

  test('a failure as old as the interval no longer counts', () => {
    const five = failuresAt(rule, [0, 1, 2, 3, 300_000]);
    expect(isTripped(five, rule, 300_000)).toBe(false);
  });

  test('a burst across a boundary gets no second budget', () => {
    const window = failuresAt(rule, [299_000, 299_500, 300_000, 300_500, 301_000]);
    expect(isTripped(window, rule, 301_000)).toBe(true);
  });

  test('never keeps more stamps than a trip needs', () => {
    expect(
      failuresAt(
        rule,
        Array.from({ length: 1_000 }, (_, n) => n),
      ),
    ).toHaveLength(5);
  });
});

describe('rapidFailsPerMinute', () => {
  test.each([
    { limit: 0, failures: 1 },
    { limit: 10, failures: 11 },
  ])('$limit trips at failure $failures and recovers when the oldest is a minute old', ({ limit, failures }) => {
    const rule = perMinuteRule(limit);
    const stamps = Array.from({ length: failures }, (_, n) => n * 100);
    const before = failuresAt(rule, stamps.slice(0, -1));
    const lastMs = (failures - 1) * 100;
    expect(isTripped(before, rule, lastMs)).toBe(false);
    const window = failuresAt(rule, stamps);
    expect(isTripped(window, rule, lastMs)).toBe(true);
    expect(recoversInMs(window, rule, lastMs)).toBe(60_000 - lastMs);
    expect(isTripped(window, rule, 60_000)).toBe(false);
    expect(recoversInMs(window, rule, 60_000)).toBe(0);
  });
});
