/**
 * Every metric of Sluice, declared once: the listener's cells, the primary's fold and both text encoders
 * read this table. Names follow the Prometheus conventions (base units, counters end in `_total`).
 * A label set is closed: sites and pools come from the configuration, the rest from the lists below;
 * nothing a client or a tenant sends becomes a label value.
 */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface MetricDefinition {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  /** Label names; values travel in this order. */
  readonly labels: readonly string[];
  /** Upper bounds without +Inf, ascending; only for histograms. */
  readonly buckets?: readonly number[];
}

/** OpenTelemetry's bounds for HTTP server durations, in seconds. */
export const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

/** Values of the label `method`. */
export const methodLabels = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'other',
] as const;
/** Values of the label `code`: the class of the status. */
export const codeLabels = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
/** Values of the label `state` of connections. */
export const connectionStates = ['idle', 'active', 'tunnel'] as const;

/**
 * Counted in listeners and sent to the primary as deltas (`CounterDelta`): series key = `name`, then
 * the label values, joined by U+0000. A histogram's values are its buckets (not cumulative, +Inf last),
 * then sum, then count.
 */
export const listenerMetrics = {
  httpRequests: {
    name: 'sluice_http_requests_total',
    kind: 'counter',
    help: 'Requests answered, by site, pool, method and class of the status.',
    labels: ['site', 'pool', 'method', 'code'],
  },
  httpRequestDuration: {
    name: 'sluice_http_request_duration_seconds',
    kind: 'histogram',
    help: 'Time from the complete request head to the last byte of the answer.',
    labels: ['pool', 'code'],
    buckets: durationBuckets,
  },
  httpResponseTtfb: {
    name: 'sluice_http_response_ttfb_seconds',
    kind: 'histogram',
    help: 'Time from the complete request head to the first byte of the answer.',
    labels: ['pool'],
    buckets: durationBuckets,
  },
  httpRequestsInFlight: {
    name: 'sluice_http_requests_in_flight',
    kind: 'gauge',
    help: 'Requests handed to a worker and not finished.',
    labels: ['pool'],
  },
  httpRequestBytes: {
    name: 'sluice_http_request_bytes_total',
    kind: 'counter',
    help: 'Request body bytes received from clients.',
    labels: ['site', 'pool'],
  },
  httpResponseBytes: {
    name: 'sluice_http_response_bytes_total',
    kind: 'counter',
    help: 'Response body bytes sent to clients.',
    labels: ['site', 'pool'],
  },
  websocketsActive: {
    name: 'sluice_websockets_active',
    kind: 'gauge',
    help: 'Tunnels open after an accepted upgrade.',
    labels: ['pool'],
  },
  connections: {
    name: 'sluice_connections',
    kind: 'gauge',
    help: 'Open client connections by state.',
    labels: ['state'],
  },
  connectionsAccepted: {
    name: 'sluice_connections_accepted_total',
    kind: 'counter',
    help: 'Client connections accepted.',
    labels: [],
  },
  tlsHandshakes: {
    name: 'sluice_tls_handshakes_total',
    kind: 'counter',
    help: 'TLS handshakes by how they ended.',
    labels: ['result'],
  },
  refusedRequests: {
    name: 'sluice_http_refused_requests_total',
    kind: 'counter',
    help: 'Requests refused before they belonged to a pool, by reason.',
    labels: ['reason'],
  },
  proxyErrors: {
    name: 'sluice_proxy_errors_total',
    kind: 'counter',
    help: 'Requests that a worker did not answer properly, by reason.',
    labels: ['pool', 'reason'],
  },
  retries: {
    name: 'sluice_retries_total',
    kind: 'counter',
    help: 'Requests sent to a worker a second time.',
    labels: ['pool'],
  },
  queueLength: {
    name: 'sluice_queue_length',
    kind: 'gauge',
    help: 'Requests that wait for a worker.',
    labels: ['pool'],
  },
  queueWait: {
    name: 'sluice_queue_wait_seconds',
    kind: 'histogram',
    help: 'Time a request waited for a worker, of those that waited.',
    labels: ['pool'],
    buckets: durationBuckets,
  },
  queueRejected: {
    name: 'sluice_queue_rejected_total',
    kind: 'counter',
    help: 'Requests answered 503 instead of waiting, by reason.',
    labels: ['pool', 'reason'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Counted in the primary. */
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
    help: 'Worker processes of the pool by state.',
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
    help: 'Time in which something of the pool waited for the resource (PSI); only with control groups of version 2.',
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
  workerResidentMemory: {
    name: 'sluice_worker_resident_memory_bytes',
    kind: 'gauge',
    help: 'Resident memory of a worker; the worker is its slot in the application.',
    labels: ['pool', 'application', 'worker'],
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
  buildInfo: {
    name: 'sluice_build_info',
    kind: 'gauge',
    help: 'Always 1; names the version of Sluice and of Node.',
    labels: ['version', 'node'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
