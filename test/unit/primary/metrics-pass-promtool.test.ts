import { spawnSync } from 'node:child_process';
import { expect } from '@jest/globals';
import { listenerMetrics, type MetricDefinition, primaryMetrics } from '../../../server/metrics/definitions.js';
import { MetricTotals } from '../../../server/metrics/fold.js';
import { ProcessMetrics, scrape } from '../../../server/metrics/registry.js';
import { valueCount } from '../../../server/metrics/series.js';
import { testNeeding } from '../../support/needs.js';

testNeeding('promtool')('every family passes promtool check metrics', async () => {
  const totals = new MetricTotals();
  const families: readonly MetricDefinition[] = Object.values(listenerMetrics);
  const deltas = families.map((one) => ({
    series: [one.name, ...one.labels.map((label) => `some-${label}`)].join('\u0000'),
    values: Array.from({ length: valueCount(one) }, () => 1.5),
  }));
  totals.apply(1, 1, deltas);
  for (const one of [primaryMetrics.poolState, primaryMetrics.poolWorkers]) totals.set(one, ['shop', 'Started'], 1);
  totals.set(primaryMetrics.poolStalled, ['shop', 'cpu'], 0.5);
  totals.set(primaryMetrics.workerResidentMemory, ['shop', 'main/', '1'], 1e8);
  for (const one of [primaryMetrics.poolRecycles, primaryMetrics.workerExits]) totals.add(one, ['shop', 'idle']);
  for (const one of [primaryMetrics.poolRapidFail, primaryMetrics.workerStarts, primaryMetrics.workerOutputPauses])
    totals.add(one, ['shop']);
  totals.observe(primaryMetrics.workerStartDuration, ['shop'], 0.2);
  totals.add(primaryMetrics.receipts, ['shop', 'recycle', 'done']);
  totals.add(primaryMetrics.receiptRequests, ['shop', 'recycle', 'drained'], 3);
  totals.observe(primaryMetrics.receiptDuration, ['shop', 'recycle'], 0.2);
  totals.set(primaryMetrics.certificateNotAfter, ['/etc/a.pem', 'a.test'], 1_800_000_000);
  totals.set(primaryMetrics.certificateProblems, [], 0);
  totals.add(primaryMetrics.acmeOrders, ['success']);
  const own = new ProcessMetrics({ version: '1.2.3', node: process.version });
  own.configurationServes('abc', 1_700_000_000_000);
  own.reloaded('failure');
  own.listeners(2);
  own.listenerReplaced();
  const text = await scrape(totals, own, async () => undefined);
  expect(totals.ignored).toBe(0);
  for (const { name } of [...families, ...Object.values(primaryMetrics)]) expect(text).toContain(`# TYPE ${name} `);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect({ status: checked.status, output: checked.stdout + checked.stderr }).toEqual({ status: 0, output: '' });
});
