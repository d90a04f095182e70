import { expect, test } from '@jest/globals';
import { backoffMs } from '../../../pools/lifecycle/backoff.js';
import { planStop } from '../../../pools/lifecycle/worker-states.js';

test('back-off: 0, 0.25 s, doubling to 30 s', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1_000].map(backoffMs);
  expect(delays).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test.each([
  { limitMs: 90_000, noticeAtMs: 80_000, terminateAtMs: 81_000 },
  { limitMs: 30_000, noticeAtMs: 24_000, terminateAtMs: 25_000 },
  { limitMs: 1_000, noticeAtMs: 800, terminateAtMs: 900 },
  { limitMs: 0, noticeAtMs: 0, terminateAtMs: 0 },
])(
  'within $limitMs ms tunnels are noticed at $noticeAtMs and the process is asked to end at $terminateAtMs',
  (plan) => {
    expect(planStop(5_000, plan.limitMs)).toEqual({
      noticeAtMs: 5_000 + plan.noticeAtMs,
      terminateAtMs: 5_000 + plan.terminateAtMs,
      deadlineMs: 5_000 + plan.limitMs,
    });
  },
);
