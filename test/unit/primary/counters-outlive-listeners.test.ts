import { beforeEach, describe, expect, test } from '@jest/globals';
import { listenerMetrics } from '../../../server/metrics/definitions.js';
import { MetricTotals } from '../../../server/metrics/fold.js';
import { primaryMetrics } from '../../../server/metrics/primary-definitions.js';

const requests = (pool: string, site = 'main'): string =>
  [listenerMetrics.httpRequests.name, site, pool, 'GET', '2xx'].join('\u0000');
const inFlight = (pool: string): string => [listenerMetrics.httpRequestsInFlight.name, pool].join('\u0000');

let totals: MetricTotals;

function text(): string {
  return [...totals.encode()].join('');
}

beforeEach(() => {
  totals = new MetricTotals();
  totals.configure(['shop', 'blog'], ['main']);
});

describe('deltas of listeners', () => {
  test('each sequence number is applied once', () => {
    totals.apply(1, 1, [{ series: requests('shop'), values: [5] }]);
    totals.apply(1, 1, [{ series: requests('shop'), values: [5] }]);
    totals.apply(2, 1, [{ series: requests('shop'), values: [2] }]);
    expect(text()).toContain('sluice_http_requests_total{site="main",pool="shop",method="GET",code="2xx"} 7\n');
  });

  test('a counter never goes down: not by a death, not by a bad number', () => {
    totals.apply(1, 1, [{ series: requests('shop'), values: [5] }]);
    totals.forgetListener(1);
    totals.apply(3, 1, [{ series: requests('shop'), values: [-4] }]);
    totals.apply(3, 2, [{ series: requests('shop'), values: [Number.NaN] }]);
    totals.apply(3, 3, [{ series: requests('shop'), values: [1] }]);
    expect(text()).toContain('code="2xx"} 6\n');
  });

  test('gauges are summed over listeners, and those of a dead one are void', () => {
    totals.apply(1, 1, [{ series: inFlight('shop'), values: [5] }]);
    totals.apply(2, 1, [{ series: inFlight('shop'), values: [3] }]);
    totals.apply(2, 2, [{ series: inFlight('shop'), values: [4] }]);
    expect(text()).toContain('sluice_http_requests_in_flight{pool="shop"} 9\n');
    totals.forgetListener(1);
    expect(text()).toContain('sluice_http_requests_in_flight{pool="shop"} 4\n');
  });

  test('gauges of a pool come with its first request and stay', () => {
    totals.apply(1, 1, [
      { series: inFlight('shop'), values: [0] },
      { series: [listenerMetrics.connections.name, 'idle'].join('\u0000'), values: [0] },
    ]);
    expect(text()).not.toContain('sluice_http_requests_in_flight');
    expect(text()).toContain('sluice_connections{listener="1",state="idle"} 0\n');
    totals.apply(1, 2, [{ series: inFlight('shop'), values: [1] }]);
    expect(text()).toContain('sluice_http_requests_in_flight{pool="shop"} 1\n');
    totals.apply(1, 3, [
      { series: inFlight('shop'), values: [0] },
      { series: requests('shop'), values: [1] },
    ]);
    expect(text()).toContain('sluice_http_requests_in_flight{pool="shop"} 0\n');
  });

  test('buckets become cumulative', () => {
    const { name, buckets } = listenerMetrics.queueWait;
    const values = [...buckets.map((_, index) => (index === 1 ? 2 : index === 2 ? 1 : 0)), 4, 30.5, 7];
    totals.apply(1, 1, [{ series: [name, 'shop'].join('\u0000'), values }]);
    expect(text()).toContain('sluice_queue_wait_seconds_bucket{pool="shop",le="0.005"} 0\n');
    expect(text()).toContain('sluice_queue_wait_seconds_bucket{pool="shop",le="0.01"} 2\n');
    expect(text()).toContain('sluice_queue_wait_seconds_bucket{pool="shop",le="10"} 3\n');
    expect(text()).toContain('sluice_queue_wait_seconds_bucket{pool="shop",le="+Inf"} 7\n');
    expect(text()).toContain('sluice_queue_wait_seconds_sum{pool="shop"} 30.5\n');
    expect(text()).toContain('sluice_queue_wait_seconds_count{pool="shop"} 7\n');
  });

  test('what fits no definition is ignored and counted', () => {
    totals.apply(1, 1, [
      { series: 'made_up_total\u0000x', values: [1] },
      { series: requests('shop'), values: [1, 2] },
      { series: [listenerMetrics.retries.name, 'shop', 'more'].join('\u0000'), values: [1] },
    ]);
    expect(totals.ignored).toBe(3);
    expect(text()).toBe('');
  });
});

describe('series', () => {
  test('label values are escaped', () => {
    totals.configure(['a"b\\c\nd'], ['main']);
    totals.add(primaryMetrics.poolRapidFail, ['a"b\\c\nd']);
    expect(text()).toContain('{pool="a\\"b\\\\c\\nd"} 1\n');
  });

  test('a pool has none before its first request', () => {
    expect(text()).toBe('');
    totals.apply(1, 1, [{ series: requests('shop'), values: [1] }]);
    expect(text()).toContain('pool="shop"');
    expect(text()).not.toContain('pool="blog"');
  });

  test('those of a removed pool are shown once more and then gone, also when a late delta comes', () => {
    totals.apply(1, 1, [{ series: requests('shop'), values: [1] }]);
    totals.configure(['blog'], ['main']);
    totals.apply(1, 2, [{ series: requests('shop'), values: [1] }]);
    expect(text()).toContain('pool="shop",method="GET",code="2xx"} 2\n');
    expect(text()).not.toContain('pool="shop"');
    totals.apply(1, 3, [{ series: requests('shop'), values: [1] }]);
    expect(text()).not.toContain('pool="shop"');
  });

  test('those of a removed site go too', () => {
    totals.apply(1, 1, [{ series: requests('shop', 'main'), values: [1] }]);
    totals.configure(['shop'], ['other']);
    text();
    expect(text()).not.toContain('site="main"');
  });

  test('what does not fit into the bound is dropped and counted, histograms first', () => {
    totals.seriesMax = 30;
    const { name, buckets } = listenerMetrics.queueWait;
    const wait = (pool: string) => ({
      series: [name, pool].join('\u0000'),
      values: [...buckets.map(() => 1), 1, 1, 1],
    });
    totals.apply(1, 1, [
      wait('shop'),
      wait('blog'),
      ...['GET', 'PUT'].map((one) => ({ series: requests(one), values: [1] })),
    ]);
    totals.configure(['shop', 'blog', ...Array.from({ length: 40 }, (_, index) => `p${index}`)], ['main']);
    totals.apply(1, 2, [
      wait('blog'),
      ...Array.from({ length: 40 }, (_, index) => ({ series: requests(`p${index}`), values: [1] })),
    ]);
    const lines = text()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines).toHaveLength(30);
    expect(totals.lines).toBe(30);
    expect(Object.fromEntries(totals.dropped)).toEqual({
      [name]: 2,
      [listenerMetrics.httpRequests.name]: 40 - (30 - 17),
    });
    totals.configure([], []);
    text();
    expect(totals.lines).toBe(0);
    totals.configure(['shop'], ['main']);
    totals.apply(1, 3, [wait('shop')]);
    expect(text()).toContain('sluice_queue_wait_seconds_count{pool="shop"} 1');
  });

  test('what a listener says of itself carries its number and goes with it', () => {
    const { listenerEventLoopLag: lag, connections } = listenerMetrics;
    totals.joinListener(7, 1);
    totals.apply(7, 1, [
      { series: lag.name, values: [0.25] },
      { series: [connections.name, 'idle'].join('\u0000'), values: [3] },
    ]);
    expect(text()).toContain('sluice_listener_eventloop_lag_seconds{listener="1"} 0.25\n');
    expect(text()).toContain('sluice_connections{listener="1",state="idle"} 3\n');
    totals.forgetListener(7);
    expect(text()).toBe('');
  });

  test('families that are filled anew keep what is set again', () => {
    const family = primaryMetrics.workerOpenFds;
    const fill = (...workers: string[]): string => {
      totals.refill([family]);
      for (const worker of workers) totals.set(family, ['shop', 'main/', worker], 5);
      totals.refilled([family]);
      return text();
    };
    expect(fill('1', '2').match(/worker="/g)).toHaveLength(2);
    expect(fill('2')).not.toContain('worker="1"');
    expect(totals.lines).toBe(1);
  });

  test('many are written in slices, so that other work gets a turn', () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `pool${index}`);
    totals.configure(names, ['main']);
    totals.apply(
      1,
      1,
      names.map((name) => ({ series: requests(name), values: [1] })),
    );
    const slices = [...totals.encode()];
    expect(slices.length).toBeGreaterThanOrEqual(3);
    expect(slices.join('').match(/^sluice_http_requests_total\{/gm)).toHaveLength(5_000);
  });
});
