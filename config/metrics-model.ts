/** What `/metrics` tells, compiled. */
export interface MetricsConfig {
  readonly compatibility: 'none' | 'windows_exporter';
  /** `exact`: requests are also counted by whole status codes. */
  readonly statusCodes: 'class' | 'exact';
  /** Lines of all sites, pools and workers. */
  readonly seriesMax: number;
  /** Of each pool; 0 = none. */
  readonly publishedSeries: number;
}
