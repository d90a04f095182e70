import { describe, expect, test } from '@jest/globals';
import {
  isPoll,
  nextStep,
  type OrderStatus,
  orderStatuses,
  type OrderStep,
  orderTable,
} from '../../../server/primary/acme/order-steps.js';
import { renewalDueMs, retryDelayMs } from '../../../server/primary/acme/schedule.js';
import { Random } from '../../support/random.js';

const steps = Object.keys(orderTable) as OrderStep[];
const dayMs = 86_400_000;

/** One order with an authority that answers well most of the time; what must hold on the way. */
function walk(random: Random): { readonly end: OrderStep; readonly rules: Readonly<Record<string, boolean>> } {
  const seen: OrderStep[] = [];
  const rules = { 'handed in once, when ready': true, 'fetched when valid': true, 'shown what was asked for': true };
  let step: OrderStep = 'account';
  for (let count = 0; count < 60 && step !== 'done' && step !== 'failed'; count += 1) {
    seen.push(step);
    const good = Object.keys(orderTable[step]) as OrderStatus[];
    const status = random.pick(random.next() < 0.9 ? good : orderStatuses);
    const next = nextStep(step, status);
    if (next === 'finalize') rules['handed in once, when ready'] &&= status === 'ready' && !seen.includes('finalize');
    if (next === 'download') rules['fetched when valid'] &&= status === 'valid';
    if (next === 'challenge') rules['shown what was asked for'] &&= step === 'authorization';
    step = next;
  }
  return { end: step, rules };
}

describe('the table of an order', () => {
  test('every answer leads somewhere, and what is out of turn ends the order', () => {
    const bad = ['invalid', 'deactivated', 'expired', 'revoked'] as const;
    for (const step of steps) {
      for (const status of orderStatuses) expect(steps).toContain(nextStep(step, status));
      expect(bad.map((status) => nextStep(step, status))).toEqual(bad.map(() => 'failed'));
    }
    expect(nextStep('order', 'deactivated')).toBe('failed');
    expect(nextStep('challenge', 'ready')).toBe('failed');
  });

  test('only what asks again stays where it is', () => {
    for (const step of steps) {
      const stays = orderStatuses.some((status) => nextStep(step, status) === step);
      expect([step, stays]).toEqual([step, isPoll(step) || step === 'failed']);
    }
  });

  test('whatever an authority answers, nothing is done before its time', () => {
    const random = new Random(20_261);
    const ends = { done: 0, failed: 0 };
    const broken: string[] = [];
    for (let round = 0; round < 20_000; round += 1) {
      const { end, rules } = walk(random);
      if (end === 'done' || end === 'failed') ends[end] += 1;
      for (const [rule, holds] of Object.entries(rules)) if (!holds) broken.push(`${rule} in round ${round}`);
    }
    expect(broken).toEqual([]);
    expect(ends.done).toBeGreaterThan(1_000);
    expect(ends.failed).toBeGreaterThan(1_000);
  });
});

describe('times', () => {
  test('a certificate is renewed with a third of its life left, spread by a tenth of that', () => {
    expect(renewalDueMs(0, 90 * dayMs, 0)).toBe(60 * dayMs);
    expect(renewalDueMs(0, 90 * dayMs, 0.999)).toBeGreaterThan(56.9 * dayMs);
    expect(renewalDueMs(0, 6 * dayMs, 0)).toBe(4 * dayMs);
  });

  test('failures are tried again ever more seldom, never sooner than the authority says', () => {
    const at = (failures: number, random = 0.5): number => retryDelayMs(failures, random, 0) / 60_000;
    expect([at(1), at(2), at(3)]).toEqual([1, 2, 4]);
    expect([at(1, 0), at(1, 0.999)]).toEqual([0.5, expect.closeTo(1.5, 2)]);
    expect(at(1_000)).toBe(24 * 60);
    expect(retryDelayMs(1, 0.5, 3_600_000)).toBe(3_600_000);
    expect(retryDelayMs(1, 0.5, Number.MAX_VALUE)).toBe(86_400_000);
  });
});
