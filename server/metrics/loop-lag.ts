/**
 * How late timers of the primary come, under the names that prom-client has for it. Its own figures hold the interval of
 * its timer too: an idle server whose loop is looked at ten times a second would seem to lag by 100 ms.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** A finer one would wake an idle server a hundred times a second. */
const resolutionMs = 100;

const figures: readonly [name: string, what: string, read: (histogram: IntervalHistogram) => number][] = [
  ['min', 'The least', ({ min }) => min],
  ['max', 'The greatest', ({ max }) => max],
  ['mean', 'The mean', ({ mean }) => mean],
  ['p50', 'The 50th percentile of the', (histogram) => histogram.percentile(50)],
  ['p90', 'The 90th percentile of the', (histogram) => histogram.percentile(90)],
  ['p99', 'The 99th percentile of the', (histogram) => histogram.percentile(99)],
];

/** Replaces prom-client's gauges of the event loop in the registry. Each scrape tells of the time since the one before. */
export function measureLoopLag(registry: Registry): void {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  registry.removeSingleMetric('nodejs_eventloop_lag_seconds');
  registry.removeSingleMetric('nodejs_eventloop_lag_stddev_seconds');
  for (const [index, [suffix, what, read]] of figures.entries()) {
    const name = `nodejs_eventloop_lag_${suffix}_seconds`;
    registry.removeSingleMetric(name);
    const isLast = index === figures.length - 1;
    new Gauge({
      name,
      help: `${what} delay of timers since the scrape before this one.`,
      registers: [registry],
      collect() {
        const lateMs = histogram.count === 0 ? 0 : read(histogram) / 1_000_000 - resolutionMs;
        this.set(Math.max(0, lateMs) / 1_000);
        // Metrics are collected in the order in which they were made.
        if (isLast) histogram.reset();
      },
    });
  }
}
