import { expect, test } from '@jest/globals';
import type { PoolView } from '../../../pools/supervisor/ports.js';
import type { NodeSample } from '../../../server/admin/events/event.js';
import { EventHub } from '../../../server/admin/events/hub.js';
import { merged } from '../../../server/cli/top-command.js';
import { listenerMetrics } from '../../../server/metrics/definitions.js';
import { MetricTotals } from '../../../server/metrics/fold.js';
import { NodeSampler, quantileMs } from '../../../server/metrics/node-sampler.js';
import { SampleFeed } from '../../../server/primary/node-sample.js';
import { FakeClock } from '../../support/fake-clock.js';

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
  const first = sampler.take(1_000, [pool('shop'), pool('quiet')]);
  expect(first.pools.get('shop')).toMatchObject({ rate: 0, errors: 0, p99Ms: null });
  expect(first.pools.has('quiet')).toBe(false);
  totals.apply(1, 2, [
    { series: requests('shop', '2xx'), values: [30] },
    { series: requests('shop', '5xx'), values: [10] },
    { series: durations('shop'), values: inBucket(1, 40) },
  ]);
  const second = sampler.take(3_000, [pool('shop'), pool('quiet')]);
  expect(second.node).toMatchObject({ rate: 20, errors: 5 });
  expect(second.pools.get('shop')).toMatchObject({ rate: 20, errors: 5 });
  // Between 5 and 10 ms.
  expect(second.pools.get('shop')?.p50Ms).toBeCloseTo(7.5);
  expect(second.node.p99Ms).toBeCloseTo(9.95);
});

function namesIn(sample: NodeSample | null): readonly string[] {
  return (sample?.pools ?? []).map(({ name, requestsPerSecond }) => `${name} ${requestsPerSecond}`);
}

test('only pools with other figures are told, and all of them whenever somebody has come', async () => {
  const clock = new FakeClock();
  const hub = new EventHub(clock);
  const totals = new MetricTotals();
  const stopped = { ...pool('stopped'), state: 'Stopped' as const, stoppedReason: 'Disabled' };
  let views = [pool('shop'), pool('quiet'), stopped];
  const feed = new SampleFeed({ clock, hub, supervisor: { view: () => views }, totals, isReady: () => true });
  const told: (readonly [whole: boolean, ...pools: string[]])[] = [];
  /** What `sluice top` shows. */
  let shown: NodeSample | null = null;
  const listener = {
    event: () => undefined,
    sample: (sample: NodeSample) => {
      shown = merged(shown, sample);
      told.push([sample.whole, ...namesIn(sample)]);
    },
  };
  const second = async (answers: number): Promise<unknown> => {
    if (answers > 0) totals.apply(1, (sequence += 1), [{ series: requests('shop', '2xx'), values: [answers] }]);
    await clock.advance(1_000);
    return told.at(-1);
  };
  let sequence = 0;
  const leave = hub.listen(listener);
  expect(await second(5)).toEqual([true, 'shop 5', 'stopped 0']);
  expect(await second(5)).toEqual([false]);
  expect(namesIn(shown)).toEqual(['shop 5', 'stopped 0']);
  expect(await second(8)).toEqual([false, 'shop 8']);
  // It does nothing any more: said once.
  expect(await second(0)).toEqual([false, 'shop 0']);
  expect(await second(0)).toEqual([false]);
  expect(namesIn(shown)).toEqual(['stopped 0']);
  const leaveToo = hub.listen({ event: () => undefined, sample: () => undefined });
  expect(await second(0)).toEqual([true, 'stopped 0']);
  views = views.slice(0, 2);
  expect(await second(0)).toEqual([true]);
  expect(told).toHaveLength(7);
  leave();
  leaveToo();
  await second(1);
  expect(told).toHaveLength(7);
  feed.close();
  expect(clock.pending).toBe(0);
});

test('after a while without questions the first answer is no flood', () => {
  const totals = new MetricTotals();
  const sampler = new NodeSampler(totals);
  sampler.take(1_000, [pool('shop')]);
  totals.apply(1, 1, [{ series: requests('shop', '2xx'), values: [9_000] }]);
  sampler.forget();
  expect(sampler.take(2_000, [pool('shop')]).node.rate).toBe(0);
});

test('beyond the last bucket the bound is all that is known', () => {
  expect(quantileMs(new Float64Array(slots), 0.5)).toBeNull();
  const longest = new Float64Array(slots);
  longest[slots - 1] = 3;
  expect(quantileMs(longest, 0.99)).toBe(10_000);
});
