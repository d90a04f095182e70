/** What `/metrics` tells, compiled. */
export interface MetricsConfig {
  readonly compatibility: 'none' | 'windows_exporter';
  /** Lines of all sites, pools and workers. */
  readonly seriesMax: number;
  /** Of each pool; 0 = none. */
  readonly publishedSeries: number;
}
