/**
 * Names of windows_exporter's IIS collector, for dashboards and alerts that were made for IIS. `app` is the pool, as
 * there; the queues have the pool in `site`, as there. What Sluice has no figure for is left out, never made up.
 */
import type { MetricDefinition, MetricKind } from './definitions.js';

function named<const Labels extends readonly string[]>(
  name: string,
  kind: MetricKind,
  labels: Labels,
  help: string,
): MetricDefinition {
  return { name: `windows_iis_${name}`, kind, help, labels };
}

const pool = ['app'] as const;
const site = ['site'] as const;

export const windowsMetrics = {
  poolState: named('current_application_pool_state', 'gauge', ['app', 'state'], '1 for the state the pool is in.'),
  poolStartTime: named(
    'current_application_pool_start_time',
    'gauge',
    pool,
    'When the pool was started, as seen by scrapes.',
  ),
  workers: named('current_worker_processes', 'gauge', pool, 'Worker processes of the pool.'),
  workersMax: named('maximum_worker_processes', 'gauge', pool, 'Most worker processes that a scrape has seen.'),
  recentFailures: named(
    'recent_worker_process_failures',
    'gauge',
    pool,
    'Failures within the interval of rapid-fail protection.',
  ),
  sinceFailure: named(
    'time_since_last_worker_process_failure',
    'gauge',
    pool,
    'Seconds since the last failure; 0 = none is known.',
  ),
  recycles: named('total_application_pool_recycles', 'counter', pool, 'Recycles of the pool.'),
  serverStartTime: named('total_application_pool_start_time', 'counter', pool, 'When the server was started.'),
  created: named('total_worker_processes_created', 'counter', pool, 'Worker processes that were started.'),
  failures: named(
    'total_worker_process_failures',
    'counter',
    pool,
    'Worker processes that ended although nobody asked them to.',
  ),
  pingFailures: named(
    'total_worker_process_ping_failures',
    'counter',
    pool,
    'Worker processes that were ended because they did not answer.',
  ),
  shutdownFailures: named(
    'total_worker_process_shutdown_failures',
    'counter',
    pool,
    'Worker processes that had to be killed at their shutdownTimeLimit.',
  ),
  startupFailures: named(
    'total_worker_process_startup_failures',
    'counter',
    pool,
    'Worker processes that did not become ready.',
  ),
  workerRequests: named('worker_requests_total', 'counter', ['app', 'pid'], 'Requests handed to the worker process.'),
  workerCurrent: named(
    'worker_current_requests',
    'gauge',
    ['app', 'pid'],
    'Requests that the worker process works on.',
  ),
  requests: named('requests_total', 'counter', ['site', 'method'], 'Requests answered.'),
  received: named('received_bytes_total', 'counter', site, 'Request body bytes received.'),
  sent: named('sent_bytes_total', 'counter', site, 'Response body bytes sent.'),
  uptime: named('service_uptime', 'gauge', site, 'Seconds since the start of the server.'),
  queueSize: named('http_requests_current_queue_size', 'gauge', site, 'Requests that wait for a worker of the pool.'),
  queueRejected: named(
    'http_request_total_rejected_request',
    'gauge',
    site,
    'Requests answered 503 instead of waiting.',
  ),
  arrivals: named(
    'http_requests_arrival_rate',
    'gauge',
    site,
    'Requests of the pool so far: the raw value, as windows_exporter has it.',
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** As windows_exporter writes them. */
export const windowsPoolStates = [
  'Uninitialized',
  'Initialized',
  'Running',
  'Disabling',
  'Disabled',
  'Shutdown Pending',
  'Delete Pending',
] as const;
export type WindowsPoolState = (typeof windowsPoolStates)[number];
