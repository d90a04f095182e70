/**
 * Metrics of a listener travel as deltas of flat cells. A series is declared once by the listener
 * with its key; afterwards only (series id, values) pairs travel.
 */
export interface CounterDelta {
  /** `family\u0000label\u0000label...`: family and label values in the order of `metrics/definitions`. */
  readonly series: string;
  /** Counters: the increase. Histograms: buckets (not cumulative), then sum, then count. Gauges: the value now. */
  readonly values: readonly number[];
}
