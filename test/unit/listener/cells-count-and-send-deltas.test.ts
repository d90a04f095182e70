import { describe, expect, test } from '@jest/globals';
import { Cells } from '../../../server/metrics/cells.js';
import { listenerMetrics as metrics } from '../../../server/metrics/definitions.js';
import { RequestCells } from '../../../server/proxy/traffic-cells.js';

describe('cells', () => {
  test('a counter sends its increase once', () => {
    const cells = new Cells();
    const at = cells.declare(metrics.retries, ['p']);
    cells.add(at, 2);
    cells.add(at, 1);
    expect(cells.take()).toEqual([{ series: 'sluice_retries_total\0p', values: [3] }]);
    expect(cells.take()).toEqual([]);
  });

  test('a gauge sends its value whenever it changed', () => {
    const cells = new Cells();
    const at = cells.declare(metrics.queueLength, ['p']);
    cells.set(at, 4);
    expect(cells.take()).toEqual([{ series: 'sluice_queue_length\0p', values: [4] }]);
    expect(cells.take()).toEqual([]);
    cells.add(at, -4);
    expect(cells.take()).toEqual([{ series: 'sluice_queue_length\0p', values: [0] }]);
  });

  test('a histogram sends buckets, sum and count; a bound belongs to its bucket', () => {
    const cells = new Cells();
    const at = cells.declare(metrics.queueWait, ['p']);
    const bounds = metrics.queueWait.buckets;
    cells.observe(at, bounds, 0.005);
    cells.observe(at, bounds, 0.006);
    cells.observe(at, bounds, 99);
    const values = cells.take()[0]?.values ?? [];
    expect(values).toHaveLength(bounds.length + 3);
    expect(values.slice(0, 3)).toEqual([1, 1, 0]);
    expect(values[bounds.length]).toBe(1);
    expect(values[bounds.length + 1]).toBeCloseTo(99.011);
    expect(values[bounds.length + 2]).toBe(3);
  });

  test('declaring again finds the series, and a thousand series keep their values', () => {
    const cells = new Cells();
    const places = Array.from({ length: 1_500 }, (_, pool) => cells.declare(metrics.retries, [`p${pool}`]));
    for (const [pool, at] of places.entries()) cells.add(at, pool + 1);
    expect(cells.declare(metrics.retries, ['p7'])).toBe(places[7]);
    expect(cells.take().map(({ values }) => values[0])).toEqual(places.map((_, pool) => pool + 1));
  });
});

test('whole status codes are a closed list: of what is not registered only the class is told', () => {
  const cells = new Cells();
  const requests = new RequestCells(cells, 'main', 'shop');
  for (const status of [200, 503, 200, 299, 777, 999]) requests.countStatus(status);
  const told = cells.take().map(({ series, values }) => `${series.split('\0').slice(1).join(' ')} ${values.join()}`);
  expect(told.toSorted()).toEqual(['main shop 200 2', 'main shop 2xx 1', 'main shop 503 1', 'main shop 5xx 2']);
});
