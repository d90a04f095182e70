import { expect, test } from '@jest/globals';
import { pathBelow } from '../../../server/listener/tracing/trace-rules.js';
import { TraceBudget } from '../../../server/listener/tracing/trace-budget.js';
import { ManualClock } from '../../support/manual-clock.js';

const granted = (budget: TraceBudget, application: string, times: number): number =>
  Array.from({ length: times }, () => budget.spend(application)).filter(Boolean).length;

test('a tenant’s rules take neither the room of the configuration nor that of others', () => {
  const clock = new ManualClock();
  clock.advance(10_000);
  const budget = new TraceBudget(clock);
  expect(granted(budget, 'main/a', 1_000)).toBe(2);
  expect(granted(budget, 'main/b', 1)).toBe(1);
  expect(granted(budget, '', 1_000)).toBe(10);
  const others = Array.from({ length: 50 }, (_, n) => granted(budget, `main/${n}`, 2));
  expect(others.reduce((sum, count) => sum + count, 0)).toBe(7);
  expect(budget.takeUnsaid()).toBe(998 + 990 + 93);
  expect(budget.takeUnsaid()).toBe(0);
  clock.advance(1_000);
  expect(granted(budget, 'main/a', 3)).toBe(2);
  expect(granted(budget, '', 1)).toBe(1);
});

test.each([
  ['/', '/a/b', '/a/b'],
  ['/shop', '/Shop/a.aspx', '/a.aspx'],
  ['/shop', '/shop', ''],
  ['/caf\u00e9', '/caf%C3%A9/a.aspx', '/caf%C3%A9/a.aspx'],
])('below %s: %s', (application, path, below) => {
  expect(pathBelow(application, path)).toBe(below);
});
