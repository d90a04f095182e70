/** Hard limits of the metrics; units last. */

/** Lines with a value that are kept for sites, pools and workers, unless metrics.seriesMax says otherwise. */
export const metricSeriesMaxDefault = 200_000;
/** On TCP, where everybody on this machine may ask, a text of the metrics serves for so long. */
export const metricsReuseMs = 500;
/** Of the text, written before other work of the primary gets a turn; a large string would be a matter for the old space. */
export const metricPieceChars = 16_384;
/** What the kernel says of a pool's waiting (three files for each) serves for so long. */
export const stalledReuseMs = 9_000;
/** Pools and workers that are measured before other work of the primary gets a turn. */
export const poolsMeasuredPerTurn = 25;
export const workersMeasuredPerTurn = 25;

/**
 * What in-process applications publish themselves: bytes of one report (a control message has a little more), its families,
 * samples and labels, and how often a worker reports.
 */
export const publishedReportBytesMax = 49_152;
export const publishedFamiliesMax = 200;
export const publishedSamplesMax = 1_000;
export const publishedLabelsMax = 10;
export const publishedNameCharsMax = 120;
export const publishedLabelCharsMax = 128;
export const publishedHelpCharsMax = 200;
/** Registries that one process may publish. */
export const publishedRegistriesMax = 8;
/** One report at the first heartbeat after this time. */
export const publishedReportIntervalMs = 5_000;
/** A worker that is silent for so long: what it said last of its gauges is not shown any more. */
export const publishedAgeMaxMs = 60_000;
/** Series of one pool unless metrics.publishedSeries says otherwise, and of all pools together. */
export const publishedSeriesDefault = 500;
export const publishedSeriesTotalMax = 100_000;
