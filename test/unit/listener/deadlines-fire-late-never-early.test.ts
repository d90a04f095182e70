import { expect, test } from '@jest/globals';
import { Deadlines, type Expiring } from '../../../server/proxy/deadlines.js';
import { ManualClock } from '../../support/manual-clock.js';

function item(deadlineMs: number, fired: (nowMs: number) => void): Expiring {
  return { deadlineMs, deadlineIndex: -1, onDeadline: fired };
}

test('a deadline fires after its time and within a tick', () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const fired: number[] = [];
  const one = item(clock.monotonicMs() + 1_200, (nowMs) => {
    fired.push(nowMs);
    deadlines.remove(one);
  });
  deadlines.add(one);
  clock.advance(1_199);
  expect(fired).toEqual([]);
  clock.advance(500);
  expect(fired).toHaveLength(1);
});

test('a time from now on is never cut short, whatever the age of the coarse clock', () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const fired: number[] = [];
  const one = item(Infinity, (nowMs) => {
    fired.push(nowMs);
    deadlines.remove(one);
  });
  deadlines.add(one);
  clock.advance(499);
  const sinceMs = clock.monotonicMs();
  one.deadlineMs = deadlines.in(1_000);
  clock.advance(3_000);
  expect(fired).toHaveLength(1);
  expect((fired[0] ?? 0) - sinceMs).toBeGreaterThanOrEqual(1_000);
});

test('members that remove themselves and others skip nobody', () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const fired: number[] = [];
  const items = Array.from(
    { length: 10 },
    (_, index): Expiring =>
      item(0, () => {
        fired.push(index);
        const self = items[index];
        if (self !== undefined) deadlines.remove(self);
      }),
  );
  for (const one of items) deadlines.add(one);
  clock.advance(600);
  expect(fired.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(deadlines.size).toBe(0);
});
