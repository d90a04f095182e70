import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { listenerMetrics, type MetricDefinition } from '../../../server/metrics/definitions.js';
import { MetricTotals } from '../../../server/metrics/fold.js';
import { primaryMetrics } from '../../../server/metrics/primary-definitions.js';
import { ProcessMetrics, scrape } from '../../../server/metrics/registry.js';
import { valueCount } from '../../../server/metrics/series.js';
import { testNeeding } from '../../support/needs.js';
import { until } from '../../support/time.js';

testNeeding('promtool')('every family passes promtool check metrics', async () => {
  const totals = new MetricTotals();
  const families: readonly MetricDefinition[] = Object.values(listenerMetrics);
  const labelsOf = (one: MetricDefinition): string[] => one.labels.map((label) => `some-${label}`);
  const deltas = families.map((one) => ({
    series: [one.name, ...labelsOf(one).slice(one.isPerListener === true ? 1 : 0)].join('\u0000'),
    values: Array.from({ length: valueCount(one) }, () => 1.5),
  }));
  totals.apply(1, 1, deltas);
  const own = new ProcessMetrics({ version: '1.2.3', node: process.version });
  own.configurationServes('abc', 1_700_000_000_000);
  own.reloaded('failure');
  own.listeners(2);
  own.listenerReplaced();
  const ownText = await own.text();
  for (const one of Object.values<MetricDefinition>(primaryMetrics)) {
    if (ownText.includes(`# TYPE ${one.name} `)) continue;
    if (one.kind === 'histogram') totals.observe(one, labelsOf(one), 0.2);
    else totals.set(one, labelsOf(one), 1.5);
  }
  const text = (await scrape([totals], own, async () => undefined)).toString();
  expect(totals.ignored).toBe(0);
  for (const { name } of [...families, ...Object.values(primaryMetrics)]) expect(text).toContain(`# TYPE ${name} `);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect({ status: checked.status, output: checked.stdout + checked.stderr }).toEqual({ status: 0, output: '' });
});

test('an idle primary does not seem to lag by the interval of its own look', async () => {
  const own = new ProcessMetrics({ version: '1.2.3', node: process.version });
  const read = async (): Promise<number[]> =>
    [...(await own.text()).matchAll(/^nodejs_eventloop_lag_(?:min|p50|p99)_seconds (\S+)$/gm)].map(([, value]) =>
      Number(value),
    );
  expect(await read()).toEqual([0, 0, 0]);
  const least = await until('several looks', async () => {
    const [min = 0] = await read();
    return min < 0.09 && [min];
  });
  expect(least).toHaveLength(1);
});
