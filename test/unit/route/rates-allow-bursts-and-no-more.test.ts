import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RateMeter } from '../../../server/route/rate-meter.js';

test('a burst at once, then one by one, and a full burst again after a pause', () => {
  const meter = new RateMeter({ perSecond: 10, burst: 3 }, 10);
  expect([0, 0, 0, 0].map((now) => meter.take('a', now))).toEqual([true, true, true, false]);
  expect(meter.waitSeconds('a', 0)).toBe(1);
  expect([99, 100, 100, 200].map((now) => meter.take('a', now))).toEqual([false, true, false, true]);
  expect(meter.remaining('a', 200)).toBe(0);
  expect(meter.remaining('a', 100_000)).toBe(3);
  expect(meter.take('b', 200)).toBe(true);
});

test('what is spent beyond the burst is a debt that time pays', () => {
  const meter = new RateMeter({ perSecond: 1_000, burst: 1_000 }, 10);
  expect(meter.spend('a', 1_000, 0)).toBe(0);
  expect(meter.spend('a', 500, 0)).toBe(500);
  expect(meter.debtMs('a', 400)).toBe(100);
  expect(meter.debtMs('a', 500)).toBe(0);
});

test('whatever the moments are, no window holds more than burst plus rate', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 });
  const run = () =>
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (pauses, perSecond, burst) => {
          const meter = new RateMeter({ perSecond, burst }, 4);
          const taken: number[] = [];
          let now = 0;
          for (const pause of pauses) {
            now += pause;
            if (meter.take('a', now)) taken.push(now);
          }
          return taken.every((from, first) =>
            taken.every(
              (to, last) => last < first || last - first + 1 <= burst + ((to - from) * perSecond) / 1_000 + 1e-3,
            ),
          );
        },
      ),
      { seed: 20_260_803 },
    );
  expect(run).not.toThrow();
});

test('the table stays bounded however many addresses come, and forgets first who owes nothing', () => {
  const meter = new RateMeter({ perSecond: 1, burst: 1 }, 64);
  for (let n = 0; n < 32; n++) meter.take(`paid-${n}`, 0);
  expect(meter.take('owes', 5_000)).toBe(true);
  for (let n = 0; n < 31; n++) meter.take(`more-${n}`, 5_000);
  expect(meter.size).toBe(64);
  meter.take('one-more', 5_001);
  expect(meter.take('owes', 5_001)).toBe(false);
  for (let n = 0; n < 10_000; n++) meter.take(`flood-${n}`, 5_001);
  expect(meter.size).toBeLessThanOrEqual(64);
});
