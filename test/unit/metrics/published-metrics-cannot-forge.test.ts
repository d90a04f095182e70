import { spawnSync } from 'node:child_process';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { publishChannel as integrationChannel } from '../../../pools/integration/contract.js';
import { publishChannel, readReport } from '../../../pools/protocol/published-metrics.js';
import { PublishedMetrics } from '../../../server/metrics/published.js';
import { testNeeding } from '../../support/needs.js';

let published: PublishedMetrics;
let nowMs: number;

beforeEach(() => {
  published = new PublishedMetrics();
  nowMs = 1_000_000;
});

type Sample = readonly [suffix: unknown, labels: unknown, value: unknown];

function family(name: unknown, type: unknown, ...samples: readonly Sample[]): object {
  return { name, type, help: `help of ${String(name)}`, aggregator: 'sum', samples };
}

function say(pool: string, workerId: number, ...families: readonly unknown[]): void {
  published.take(pool, workerId, readReport(families, 0), nowMs);
}

function lines(): string[] {
  return [...published.encode(nowMs)]
    .join('')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function refused(pool: string): Record<string, number> {
  for (const one of published.facts(nowMs)) if (one.pool === pool) return Object.fromEntries(one.refused);
  return {};
}

test('both ends of the channel have the same name', () => {
  expect(publishChannel).toBe(integrationChannel);
});

describe('several workers', () => {
  test('counters are added up by their increases: no end of a worker, no new beginning, takes or doubles anything', () => {
    const orders = (value: number): object => family('orders_total', 'counter', ['', { kind: 'a' }, value]);
    say('shop', 1, orders(10));
    say('shop', 2, orders(5));
    expect(lines()).toEqual(['orders_total{pool="shop",kind="a"} 15']);
    say('shop', 1, orders(12));
    published.take('shop', 1, null, nowMs);
    expect(lines()).toEqual(['orders_total{pool="shop",kind="a"} 17']);
    say('shop', 3, orders(1));
    // Begins again in the same process.
    say('shop', 2, orders(2));
    expect(lines()).toEqual(['orders_total{pool="shop",kind="a"} 20']);
  });

  test('gauges are joined as the application says, and go with their worker, their silence or their series', () => {
    const gauge = (name: string, aggregator: string, value: number, labels = {}): object => ({
      ...family(name, 'gauge', ['', labels, value]),
      aggregator,
    });
    const all = (value: number): object[] =>
      ['sum', 'min', 'max', 'average', 'first', 'omit'].map((one) => gauge(`in_${one}`, one, value));
    say('shop', 1, ...all(4));
    say('shop', 2, ...all(8));
    const expected = ['in_sum 12', 'in_min 4', 'in_max 8', 'in_average 6', 'in_first 4'];
    expect(lines()).toEqual(expected.map((one) => one.replace(' ', '{pool="shop"} ')));
    published.take('shop', 1, null, nowMs);
    expect(lines()).toContain('in_sum{pool="shop"} 8');
    say('shop', 2, gauge('in_sum', 'sum', 9, { since: 'now' }));
    expect(lines()).toEqual(['in_sum{pool="shop",since="now"} 9']);
    nowMs += 61_000;
    expect(lines()).toEqual([]);
    expect([...published.facts(nowMs)]).toEqual([expect.objectContaining({ pool: 'shop', series: 1, ageMs: 61_000 })]);
  });

  test('buckets of a histogram are added up, however their bounds are written; of a summary there are sum and count', () => {
    const waits = (le: unknown): object =>
      family(
        'waits',
        'histogram',
        ['_bucket', { le }, 3],
        ['_bucket', { le: '+Inf' }, 4],
        ['_sum', {}, 1.5],
        ['_count', {}, 4],
      );
    say('shop', 1, waits(0.5));
    say('shop', 2, waits('0.50'));
    say(
      'shop',
      1,
      waits(0.5),
      family('sizes', 'summary', ['', { quantile: 0.5 }, 9], ['_sum', {}, 7], ['_count', {}, 2]),
    );
    expect(lines()).toEqual([
      'waits_bucket{pool="shop",le="0.5"} 6',
      'waits_bucket{pool="shop",le="+Inf"} 8',
      'waits_sum{pool="shop"} 3',
      'waits_count{pool="shop"} 8',
      'sizes_sum{pool="shop"} 7',
      'sizes_count{pool="shop"} 2',
    ]);
    expect(refused('shop')).toEqual({});
  });
});

describe('tenants', () => {
  test('cannot take a name of the server, or another pool’s label', () => {
    const names = [
      'sluice_ready',
      'process_cpu_seconds_total',
      'nodejs_heap',
      'windows_iis_requests_total',
      'up',
      'ALERTS',
      'pool:sluice_http_errors:ratio_rate5m',
    ];
    say('evil', 1, ...names.map((name) => family(name, 'gauge', ['', {}, 1])));
    expect(lines()).toEqual([]);
    expect(refused('evil')).toEqual({ 'reserved-name': names.length });
    say('evil', 1, family('orders_total', 'counter', ['', { pool: 'shop' }, 1]));
    expect(lines()).toEqual(['orders_total{pool="evil",exported_pool="shop"} 1']);
  });

  test('cannot take a name from another pool by giving it another type: both are shown, without a type', () => {
    const jobs = (type: string, value: number): object => family('jobs', type, ['', {}, value]);
    say('evil', 1, jobs('gauge', 1), family('orders_count', 'gauge', ['', {}, 7]));
    say('shop', 2, jobs('counter', 2), family('own', 'counter', ['', {}, 3]));
    say('shop', 2, family('orders', 'histogram', ['_bucket', { le: 1 }, 4], ['_sum', {}, 5], ['_count', {}, 6]));
    const text = [...published.encode(nowMs)].join('');
    expect(text.split('\n').filter((line) => !line.startsWith('# HELP'))).toEqual([
      '# TYPE own counter',
      'own{pool="shop"} 3',
      '# TYPE jobs untyped',
      'jobs{pool="evil"} 1',
      'jobs{pool="shop"} 2',
      '# TYPE orders_count untyped',
      'orders_count{pool="evil"} 7',
      'orders_count{pool="shop"} 6',
      '# TYPE orders_bucket untyped',
      'orders_bucket{pool="shop",le="1"} 4',
      '# TYPE orders_sum untyped',
      'orders_sum{pool="shop"} 5',
      '',
    ]);
    expect(text).toContain('# HELP jobs pools publish it with several types: counter and gauge\n');
    expect([refused('evil'), refused('shop')]).toEqual([{}, {}]);
    // Once the others have gone it has its type again.
    published.configure(['shop']);
    expect([...published.encode(nowMs)].join('')).toContain('# TYPE jobs counter\n');
  });

  test('cannot give a name of their own a second type, not even by what a histogram makes of its own', () => {
    say('shop', 1, family('orders', 'histogram', ['_count', {}, 1]), family('jobs_total', 'counter', ['', {}, 1]));
    const others = [
      family('orders_count', 'gauge', ['', {}, 1]),
      family('jobs_total', 'gauge', ['', {}, 1]),
      family('orders', 'counter', ['', {}, 1]),
    ];
    say('shop', 2, ...others, family('jobs', 'counter', ['', {}, 1]));
    expect(lines()).toEqual(['orders_count{pool="shop"} 1', 'jobs_total{pool="shop"} 1', 'jobs{pool="shop"} 1']);
    expect(refused('shop')).toEqual({ 'type-conflict': 3 });
  });

  test('cannot break the text, whatever they say', () => {
    const text = '"} 1\nsluice_ready 0\\\u0000\ud800';
    say('evil', 1, { ...family('ok', 'gauge', ['', { a: text }, 1]), help: 'x\n# TYPE sluice_ready counter\n\u0007' });
    const whole = [...published.encode(nowMs)].join('');
    expect(whole.split('\n')).toHaveLength(4);
    expect(whole).toContain('# HELP ok x # TYPE sluice_ready counter  \n# TYPE ok gauge\n');
    expect(lines()).toEqual(['ok{pool="evil",a="\\"} 1\ufffdsluice_ready 0\\\\\ufffd\ufffd"} 1']);
  });

  test('what is not of the form is left out and counted', () => {
    const label = (name: string, value: unknown = 'x'): object => family('g', 'gauge', ['', { [name]: value }, 1]);
    const bad = [
      null,
      7,
      family('a b', 'gauge'),
      family('x'.repeat(121), 'gauge'),
      family('g', 'untyped'),
      { name: 'g', type: 'gauge', samples: 'many' },
      label('a-b'),
      label('__name__'),
      label('le', '1'),
      label('quantile', '1'),
      label('a', {}),
      label('a', 'x'.repeat(129)),
      family('g', 'gauge', ['', Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`l${index}`, 'x'])), 1]),
      family('g', 'gauge', ['', { pool: 'a', exported_pool: 'b' }, 1]),
      family('g', 'gauge', ['', {}, null]),
      family('g', 'gauge', ['', {}, Number.NaN]),
      family('g', 'gauge', ['_sum', {}, 1]),
      family('c', 'counter', ['', {}, -1]),
      family('h', 'histogram', ['_bucket', {}, 1]),
      family('h', 'histogram', ['_bucket', { le: 'many' }, 1]),
      family('h', 'histogram', ['_bucket', { le: '' }, 1]),
    ];
    say('evil', 1, ...bad);
    expect(lines()).toEqual([]);
    expect(refused('evil')).toEqual({ malformed: bad.length });
  });

  test('have a bound each, and what nobody reports any more makes room', () => {
    published.seriesMax = 3;
    const many = (from: number): object =>
      family('many', 'counter', ...Array.from({ length: 5 }, (_, index): Sample => ['', { id: `${from + index}` }, 1]));
    say('evil', 1, many(0));
    say('shop', 2, family('orders_total', 'counter', ['', {}, 1]));
    expect(lines()).toHaveLength(4);
    expect(refused('evil')).toEqual({ 'too-many-series': 2 });
    nowMs += 61_000;
    say('evil', 1, many(100));
    expect(lines().filter((line) => line.includes('id="10'))).toHaveLength(3);
    published.seriesMax = 0;
    say('other', 3, many(0));
    expect(lines()).toHaveLength(4);
  });

  test('have a bound for one report', () => {
    const samples = Array.from({ length: 1_500 }, (_, index): Sample => ['', { id: `${index}` }, 1]);
    const report = readReport(
      [...Array.from({ length: 250 }, (_, index) => family(`f${index}`, 'gauge')), family('g', 'gauge', ...samples)],
      3,
    );
    expect(report.families).toHaveLength(200);
    expect(report.left).toBe(3 + 51);
    expect(readReport([family('g', 'gauge', ...samples)], 0).malformed).toBe(500);
  });
});

testNeeding('promtool')('what pools publish can be parsed, also when they disagree', () => {
  const hostile = ['_bucket', '_sum', '_count', '_total', ''].flatMap((suffix) =>
    ['counter', 'gauge', 'histogram', 'summary'].map((type, index) => ({ suffix, type, index })),
  );
  for (const { suffix, type, index } of hostile) {
    const sample: Sample =
      type === 'histogram' ? ['_bucket', { le: '1' }, 1] : [type === 'summary' ? '_sum' : '', {}, 1];
    say(`pool${index}`, index, family(`orders${suffix}`, type, sample));
  }
  expect(lines().length).toBeGreaterThan(3);
  const input = [...published.encode(nowMs)].join('');
  const checked = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  // 3: remarks about names. 1 would be a text that cannot be parsed.
  expect([0, 3]).toContain(checked.status);
});
