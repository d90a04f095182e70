/**
 * The metrics that the primary counts, or reads when it is scraped, declared once: the fold, prom-client's
 * registry and the reference page read this table.
 */
import type { MetricDefinition } from './definitions.js';

/** The worker is its slot in the application: it outlives the process. */
const workerLabels = ['pool', 'application', 'worker'] as const;

export const primaryMetrics = {
  poolState: {
    name: 'sluice_pool_state',
    kind: 'gauge',
    help: '1 for the state the pool is in, 0 for the others.',
    labels: ['pool', 'state'],
  },
  poolWorkers: {
    name: 'sluice_pool_workers',
    kind: 'gauge',
    help: 'Worker processes of the pool by state: starting, running, suspended, draining, stopping.',
    labels: ['pool', 'state'],
  },
  poolRecycles: {
    name: 'sluice_pool_recycles_total',
    kind: 'counter',
    help: 'Recycles of the pool, by reason.',
    labels: ['pool', 'reason'],
  },
  poolRapidFail: {
    name: 'sluice_pool_rapid_fail_total',
    kind: 'counter',
    help: 'Times that rapid-fail protection stopped the pool.',
    labels: ['pool'],
  },
  poolStalled: {
    name: 'sluice_pool_stalled_seconds_total',
    kind: 'counter',
    help: 'Time in which something of the pool waited for the resource (PSI), read every 9 s at most; only with control groups of version 2.',
    labels: ['pool', 'resource'],
  },
  workerStarts: {
    name: 'sluice_worker_starts_total',
    kind: 'counter',
    help: 'Workers that became ready.',
    labels: ['pool'],
  },
  workerStartDuration: {
    name: 'sluice_worker_start_duration_seconds',
    kind: 'histogram',
    help: 'Time from spawn to ready.',
    labels: ['pool'],
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  },
  workerExits: {
    name: 'sluice_worker_exits_total',
    kind: 'counter',
    help: 'Worker processes that ended, by reason.',
    labels: ['pool', 'reason'],
  },
  receipts: {
    name: 'sluice_receipts_total',
    kind: 'counter',
    help: 'Recycles, restarts and stops of workers that ended, by outcome.',
    labels: ['pool', 'kind', 'outcome'],
  },
  receiptDuration: {
    name: 'sluice_receipt_duration_seconds',
    kind: 'histogram',
    help: 'Time from the order (or the crash) until the old worker was gone and the new one ready.',
    labels: ['pool', 'kind'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 90, 120],
  },
  receiptRequests: {
    name: 'sluice_receipt_requests_total',
    kind: 'counter',
    help: 'What became of the requests that were in flight when their worker left: drained, late, retried, cut, noticed.',
    labels: ['pool', 'kind', 'result'],
  },
  workerOutputPauses: {
    name: 'sluice_worker_output_pauses_total',
    kind: 'counter',
    help: 'Seconds in which a worker that wrote too much to stdout or stderr was not read from.',
    labels: ['pool'],
  },
  applications: {
    name: 'sluice_applications',
    kind: 'gauge',
    help: 'Applications of the pool by state: idle, starting, ready, failed, backing-off, rapid-failed, misconfigured, offline. States without one are left out.',
    labels: ['pool', 'state'],
  },
  queueLimit: {
    name: 'sluice_queue_limit',
    kind: 'gauge',
    help: 'Requests that may wait for a worker of the pool (queueLength).',
    labels: ['pool'],
  },
  workerInfo: {
    name: 'sluice_worker_info',
    kind: 'gauge',
    help: 'Always 1; names the process in a slot of the application. hosting is InProcess or OutOfProcess, node the version that runs it (in-process only).',
    labels: [...workerLabels, 'pid', 'generation', 'hosting', 'node'],
  },
  workerStartTime: {
    name: 'sluice_worker_start_time_seconds',
    kind: 'gauge',
    help: 'When the process of the worker was started.',
    labels: workerLabels,
  },
  workerResidentMemory: {
    name: 'sluice_worker_resident_memory_bytes',
    kind: 'gauge',
    help: 'Resident memory of the main process of a worker.',
    labels: workerLabels,
  },
  workerCpu: {
    name: 'sluice_worker_cpu_seconds_total',
    kind: 'counter',
    help: 'CPU time of the main process of a worker; begins again with each process.',
    labels: workerLabels,
  },
  workerOpenFds: {
    name: 'sluice_worker_open_fds',
    kind: 'gauge',
    help: 'Descriptors that the main process of a worker holds open.',
    labels: workerLabels,
  },
  workerEventLoopLag: {
    name: 'sluice_worker_eventloop_lag_seconds',
    kind: 'gauge',
    help: 'How late the newest heartbeat of an in-process worker came, and while none comes how long it is overdue.',
    labels: workerLabels,
  },
  workerEventLoopUtilization: {
    name: 'sluice_worker_eventloop_utilization',
    kind: 'gauge',
    help: 'Share of the time between the last two heartbeats in which the event loop of an in-process worker was busy.',
    labels: workerLabels,
  },
  workerHeapUsed: {
    name: 'sluice_worker_heap_used_bytes',
    kind: 'gauge',
    help: 'JavaScript heap of an in-process worker at its newest heartbeat.',
    labels: workerLabels,
  },
  certificateNotAfter: {
    name: 'sluice_certificate_not_after_timestamp_seconds',
    kind: 'gauge',
    help: 'When a certificate in use ends; of more than 1,000 those that end first.',
    labels: ['file', 'host'],
  },
  certificateProblems: {
    name: 'sluice_certificate_problems',
    kind: 'gauge',
    help: 'Certificates whose newest file cannot be used, or whose last order failed: an older one serves, or none.',
    labels: [],
  },
  acmeOrders: {
    name: 'sluice_acme_orders_total',
    kind: 'counter',
    help: 'Certificates ordered of an authority, by result.',
    labels: ['result'],
  },
  listeners: {
    name: 'sluice_listeners',
    kind: 'gauge',
    help: 'Listener processes that accept requests.',
    labels: [],
  },
  listenerRestarts: {
    name: 'sluice_listener_restarts_total',
    kind: 'counter',
    help: 'Listener processes that were replaced.',
    labels: [],
  },
  listenerResidentMemory: {
    name: 'sluice_listener_resident_memory_bytes',
    kind: 'gauge',
    help: 'Resident memory of a listener process.',
    labels: ['listener'],
  },
  listenerCpu: {
    name: 'sluice_listener_cpu_seconds_total',
    kind: 'counter',
    help: 'CPU time of a listener process; begins again with each process.',
    labels: ['listener'],
  },
  listenerOpenFds: {
    name: 'sluice_listener_open_fds',
    kind: 'gauge',
    help: 'Descriptors that a listener process holds open.',
    labels: ['listener'],
  },
  ready: {
    name: 'sluice_ready',
    kind: 'gauge',
    help: '1 if /readyz answers 200, else 0.',
    labels: [],
  },
  configVersion: {
    name: 'sluice_config_version',
    kind: 'gauge',
    help: 'Number of the configuration that serves: 1 is that of the start, each one that was applied later adds 1.',
    labels: [],
  },
  configReloads: {
    name: 'sluice_config_reloads_total',
    kind: 'counter',
    help: 'Attempts to load the configuration again, by result.',
    labels: ['result'],
  },
  configLastReloadSuccessful: {
    name: 'sluice_config_last_reload_successful',
    kind: 'gauge',
    help: '1 if the newest configuration serves, 0 if it was refused and the one before it serves.',
    labels: [],
  },
  configLastReloadSuccess: {
    name: 'sluice_config_last_reload_success_timestamp_seconds',
    kind: 'gauge',
    help: 'When the configuration that serves was loaded.',
    labels: [],
  },
  configInfo: {
    name: 'sluice_config_info',
    kind: 'gauge',
    help: 'Always 1; names the version of the configuration that serves.',
    labels: ['version'],
  },
  scrapeDuration: {
    name: 'sluice_scrape_duration_seconds',
    kind: 'gauge',
    help: 'Time that the scrape before this one took inside Sluice.',
    labels: [],
  },
  seriesShown: {
    name: 'sluice_metrics_series',
    kind: 'gauge',
    help: 'Lines with a value that Sluice keeps for sites, pools and workers; metrics.seriesMax bounds them.',
    labels: [],
  },
  updatesDropped: {
    name: 'sluice_metrics_updates_dropped_total',
    kind: 'counter',
    help: 'Updates that were not counted because their series would exceed metrics.seriesMax, by the metric they were for.',
    labels: ['metric'],
  },
  publishedSeries: {
    name: 'sluice_published_series',
    kind: 'gauge',
    help: 'Series that in-process applications of the pool publish by publishMetrics; metrics.publishedSeries bounds them.',
    labels: ['pool'],
  },
  publishedAge: {
    name: 'sluice_published_age_seconds',
    kind: 'gauge',
    help: 'Age of the oldest report among the workers of the pool that publish metrics. They report every five seconds.',
    labels: ['pool'],
  },
  publishedRefused: {
    name: 'sluice_published_refused_total',
    kind: 'counter',
    help: 'What applications of the pool wanted to publish and could not, at each report: malformed, too-large, reserved-name, type-conflict, too-many-series.',
    labels: ['pool', 'reason'],
  },
  buildInfo: {
    name: 'sluice_build_info',
    kind: 'gauge',
    help: 'Always 1; names the version of Sluice and of Node.',
    labels: ['version', 'node'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
