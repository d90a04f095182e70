/**
 * The metrics that listeners count, declared once: the listener's cells, the primary's fold, the text encoder
 * and the reference page read this table; those of the primary are in `primary-definitions.ts`. Names follow the Prometheus conventions (base units, counters end in `_total`).
 * A label set is closed: sites and pools come from the configuration, the rest from the lists below;
 * nothing a client or a tenant sends becomes a label value.
 */
import { STATUS_CODES } from 'node:http';

export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface MetricDefinition {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  /** Label names; values travel in this order. */
  readonly labels: readonly string[];
  /** Upper bounds without +Inf, ascending; only for histograms. */
  readonly buckets?: readonly number[];
  /** The listener leaves its first label out: the primary puts the number of the listener there. */
  readonly isPerListener?: true;
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
/** Values of the label `status`: codes that are registered, of others the class. */
export const statusLabels: readonly string[] = [
  ...Object.keys(STATUS_CODES).filter((code) => code >= '200'),
  ...codeLabels,
];
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
  httpRequestsByStatus: {
    name: 'sluice_http_requests_by_status_total',
    kind: 'counter',
    help: 'Requests answered, by site, pool and status code; with metrics.statusCodes: exact.',
    labels: ['site', 'pool', 'status'],
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
    help: 'Open client connections of each listener by state: idle, active, tunnel.',
    labels: ['listener', 'state'],
    isPerListener: true,
  },
  listenerEventLoopLag: {
    name: 'sluice_listener_eventloop_lag_seconds',
    kind: 'gauge',
    help: 'How late the newest timer of the listener fired; it has one every second.',
    labels: ['listener'],
    isPerListener: true,
  },
  listenerEventLoopUtilization: {
    name: 'sluice_listener_eventloop_utilization',
    kind: 'gauge',
    help: 'Share of the last second in which the event loop of the listener was busy.',
    labels: ['listener'],
    isPerListener: true,
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
    help: 'TLS handshakes by how they ended: full, resumed, failed, unknown-name, no-certificate, timeout, shed, challenge. The version is none unless the handshake was completed.',
    labels: ['version', 'result'],
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
