/** Hard limits of the metrics; units last. */

/** Lines with a value that are kept for sites, pools and workers, unless metrics.seriesMax says otherwise. */
export const metricSeriesMaxDefault = 200_000;
/** Workers that are measured before other work of the primary gets a turn. */
export const workersMeasuredPerTurn = 25;
