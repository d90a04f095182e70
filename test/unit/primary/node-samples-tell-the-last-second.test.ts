import { expect, test } from '@jest/globals';
import type { PoolView } from '../../../pools/supervisor/ports.js';
import { listenerMetrics } from '../../../server/metrics/definitions.js';
import { MetricTotals } from '../../../server/metrics/fold.js';
import { NodeSampler, quantileMs } from '../../../server/metrics/node-sampler.js';

const requests = (pool: string, code: string): string =>
  [listenerMetrics.httpRequests.name, 'main', pool, 'GET', code].join('\u0000');
const durations = (pool: string): string => [listenerMetrics.httpRequestDuration.name, pool, '2xx'].join('\u0000');
const slots = listenerMetrics.httpRequestDuration.buckets.length + 1;

/** One bucket filled, then sum and count. */
function inBucket(slot: number, count: number): number[] {
  const values = Array.from({ length: slots + 2 }, () => 0);
  values[slot] = count;
  values[slots + 1] = count;
  return values;
}

function pool(name: string): PoolView {
  const none = { applications: [], workers: [], obituaries: [], receipts: [] };
  return { name, state: 'Started', stoppedReason: '', restarts: 0, ...none };
}

test('a sample counts from the one before; a pool that nothing happened to is left out', () => {
  const totals = new MetricTotals();
  const sampler = new NodeSampler(totals);
  totals.apply(1, 1, [{ series: requests('shop', '2xx'), values: [500] }]);
  const first = sampler.take(1_000, 7, [pool('shop'), pool('quiet')]);
  expect(first.pools['shop']).toMatchObject({ rate: 0, errors: 0, p99Ms: null });
  expect(first.pools['quiet']).toBeUndefined();
  totals.apply(1, 2, [
    { series: requests('shop', '2xx'), values: [30] },
    { series: requests('shop', '5xx'), values: [10] },
    { series: durations('shop'), values: inBucket(1, 40) },
  ]);
  const second = sampler.take(3_000, 9, [pool('shop'), pool('quiet')]);
  expect(second).toMatchObject({ atMs: 9, node: { rate: 20, errors: 5 }, pools: { shop: { rate: 20, errors: 5 } } });
  // Between 5 and 10 ms.
  expect(second.pools['shop']?.p50Ms).toBeCloseTo(7.5);
  expect(second.node.p99Ms).toBeCloseTo(9.95);
});

test('after a while without questions the first answer is no flood', () => {
  const totals = new MetricTotals();
  const sampler = new NodeSampler(totals);
  sampler.take(1_000, 1, [pool('shop')]);
  totals.apply(1, 1, [{ series: requests('shop', '2xx'), values: [9_000] }]);
  sampler.forget();
  expect(sampler.take(2_000, 2, [pool('shop')]).node.rate).toBe(0);
});

test('beyond the last bucket the bound is all that is known', () => {
  expect(quantileMs(new Float64Array(slots), 0.5)).toBeNull();
  const longest = new Float64Array(slots);
  longest[slots - 1] = 3;
  expect(quantileMs(longest, 0.99)).toBe(10_000);
});
