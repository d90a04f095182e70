import { beforeEach, expect, test } from '@jest/globals';
import { MetricTotals } from '../../../server/metrics/fold.js';
import { PublishedMetrics } from '../../../server/metrics/published.js';
import { ProcessMetrics } from '../../../server/metrics/registry.js';
import { Scrapes } from '../../../server/primary/scrapes.js';
import { ManualClock } from '../../support/manual-clock.js';

let clock: ManualClock;
let scrapes: Scrapes;
let made: number;

beforeEach(() => {
  clock = new ManualClock();
  made = 0;
  scrapes = new Scrapes({
    clock,
    supervisor: {
      view: () => {
        made += 1;
        return [];
      },
    },
    runtimes: { stalled: () => new Map() },
    fleet: { completeCount: () => 1, processes: () => [] },
    totals: new MetricTotals(),
    published: new PublishedMetrics(),
    processMetrics: new ProcessMetrics({ version: '1.2.3', node: process.version }),
    currentConfig: () => null,
    certificates: () => [],
    isReady: () => true,
  });
});

test('who asks while one is written gets the same, and the next one gets a new one', async () => {
  const [first, second] = await Promise.all([scrapes.text(0), scrapes.text(0)]);
  expect(first?.toString()).toContain('sluice_ready 1\n');
  expect(second).toBe(first);
  expect(made).toBe(1);
  await scrapes.text(0);
  expect(made).toBe(2);
});

test('one serves those who allow it for its time, and nobody else', async () => {
  await scrapes.text(500);
  await scrapes.text(500);
  expect(made).toBe(1);
  await scrapes.text(0);
  expect(made).toBe(2);
  clock.advance(499);
  await scrapes.text(500);
  expect(made).toBe(2);
  clock.advance(1);
  await scrapes.text(500);
  expect(made).toBe(3);
});
