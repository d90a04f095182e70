/**
 * What a listener knows about the world. The primary numbers every publication; a listener applies
 * them in order and acknowledges the number. Routes change with the configuration, upstreams with
 * every start and stop of a worker.
 */
import type {
  AccessLogTarget,
  ClientCertificateMode,
  HostingModel,
  TelemetryConfig,
  TraceRule,
} from '../../config/model.js';

export interface RouteBinding {
  readonly siteIndex: number;
  /** '*' or a literal address. */
  readonly address: string;
  readonly port: number;
  /** '', exact, or `*.suffix`; lower case. */
  readonly host: string;
  readonly scheme: 'http' | 'https';
  /** Peers (addresses, CIDR blocks) that begin every connection with a PROXY header; absent: nobody does. */
  readonly proxyProtocol?: readonly string[];
  /** HTTP/2 with prior knowledge, besides HTTP/1.1; absent: no. Holds for all connections of the port. */
  readonly h2c?: boolean;
  /** null exactly for http. */
  readonly tls: RouteTls | null;
}

/** How TLS ends at a binding. The certificate itself is asked for when it is needed. */
export interface RouteTls {
  /** Names certificate and policy together; bindings with the same key are one to TLS. */
  readonly key: string;
  /** Names what is asked of clients: only connections with the same policy may serve each other's hosts. */
  readonly policy: string;
  /** The certificate depends on the name that the client asks for (certificateStore, acme). */
  readonly byName: boolean;
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Offered by ALPN. */
  readonly http2: boolean;
  readonly clientCertificates: ClientCertificateMode;
}

/** What a TLS context is made of. Holds a private key: handed to listeners on their channel, never logged. */
export interface CertificateMaterial {
  /** PEM, the leaf first; '' with `pfx`. */
  readonly certificate: string;
  readonly privateKey: string;
  /** PKCS #12 as base64, with its password; '' = PEM. */
  readonly pfx: string;
  readonly password: string;
  /** PEM of the authorities that clients' certificates come from; '' = clients are not asked. */
  readonly authorities: string;
  /** Answer of a responder (RFC 6960) as base64 of DER, for a certificate that must be shown with one; else ''. */
  readonly ocsp: string;
}

export interface RouteSite {
  readonly name: string;
  readonly connectionTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Sent with answers over https; '' = none. */
  readonly strictTransportSecurity: string;
  /** Where requests over http are sent to; 0 = they are served. */
  readonly redirectPort: number;
  /** Absent: nothing is limited. */
  readonly rates?: SiteRates;
  /** IIS's id of the site, for its log. */
  readonly id: number;
  /** Its own log; null: none. Absent: the one of all sites. */
  readonly log?: AccessLogTarget | null;
  /** Rules of failed-request tracing; absent: none. */
  readonly traceRules?: readonly TraceRule[];
}

/** Limits by time of a site and of each of its client addresses; 0 = off. */
export interface SiteRates {
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  readonly requestsPerSecondPerAddress: number;
  readonly requestBurstPerAddress: number;
  /** Bytes of answers per second. */
  readonly bandwidth: number;
  readonly bandwidthPerAddress: number;
}

export interface RouteApplication {
  /** Stable while the application's configuration is unchanged; the key in upstream messages. */
  readonly id: string;
  readonly siteIndex: number;
  readonly path: string;
  readonly pool: string;
  readonly hostingModel: HostingModel;
  readonly maxAllowedContentLength: number;
  readonly requestTimeoutMs: number;
  readonly isDotnet: boolean;
  /** Rules of failed-request tracing in its web.config; absent: none. */
  readonly traceRules?: readonly TraceRule[];
  /** false: upgrades go on as plain requests. */
  readonly webSocket: boolean;
  /** A worker's `Connection: close` is the client's too. */
  readonly forwardConnection: boolean;
  readonly forwardedPort: boolean;
  readonly forwardedForAppend: boolean;
  /** Set when the application's own configuration is refused: answered without any worker. */
  readonly failure: StoredFailure | null;
}

export interface RoutePool {
  readonly name: string;
  readonly queueLength: number;
  readonly maxConcurrentRequests: number;
  /** Two crashes with the same request line in flight within this time make the line a suspect. */
  readonly rapidFailProtectionIntervalMs: number;
  readonly affinity: 'none' | 'cookie';
}

export interface ListenerSettings {
  readonly headerWaitTimeoutMs: number;
  readonly minBytesPerSecond: number;
  /** Over all listeners; 0 = no limit. */
  readonly maxHandshakesPerSecond: number;
  /** On all sites, from accept on, over all listeners; 0 = no limit. */
  readonly maxConnectionsPerAddress: number;
  readonly trustedProxies: readonly string[];
  /** Signs affinity cookies; hexadecimal, as long as this server runs. */
  readonly affinityKey: string;
  readonly underscoresInHeaders: 'pass' | 'delete' | 'reject';
  /** Of all sites without one of their own; null = none. */
  readonly accessLog: AccessLogTarget | null;
  /** Absent: requests are not seen as spans, and traceparent travels as it is. */
  readonly telemetry?: TelemetryConfig;
  /** Requests are counted by whole status codes too. */
  readonly exactStatusCodes?: true;
  /** Number of listener processes: limits of pools and sites are split over them. */
  readonly listeners: number;
}

export interface Routes {
  readonly bindings: readonly RouteBinding[];
  readonly sites: readonly RouteSite[];
  readonly applications: readonly RouteApplication[];
  readonly pools: readonly RoutePool[];
  readonly settings: ListenerSettings;
}

/** What the routes know no more. */
export interface RemovedRoutes {
  /** Names. */
  readonly sites: readonly string[];
  readonly pools: readonly string[];
}

/** The answer that stands for a worker that could not be had; text is ours, never the tenant's. */
export interface StoredFailure {
  readonly status: number;
  readonly subStatus: number;
  /** Closed list, for log and metrics: QueueFull, AppOffline, StartFailed ... */
  readonly reason: string;
  readonly title: string;
  /** Seconds; 0 = no Retry-After. */
  readonly retryAfterSeconds: number;
  /**
   * Absent: the page for visitors, which tells nothing. 'none': no body at all (disableStartUpErrorPage).
   * A detail is there only for an application whose environment is Development.
   */
  readonly page?: 'none' | FailureDetail;
}

/** What a developer reads in the browser. Bounded where it is made; tenants' words in it have their controls escaped. */
export interface FailureDetail {
  /** From `startFailures` or of `sluice check`. */
  readonly code: string;
  readonly cause: string;
  readonly remedy: string;
  /** Name and value in the order shown: application, folder, command, names of environment variables ... */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly journey: readonly FailureStep[];
  /** Last output lines. */
  readonly output: string;
}

export interface FailureStep {
  readonly step: string;
  readonly durationMs: number;
  readonly outcome: 'ok' | 'failed';
}

export type UpstreamEndpoint =
  | { readonly kind: 'link'; readonly socketPath: string; readonly linkToken: string }
  | ({ readonly kind: 'tcp'; readonly host: string; readonly port: number } & HttpWorker)
  | ({ readonly kind: 'unix'; readonly path: string } & HttpWorker);

/** What is known of an out-of-process worker beside its address. */
interface HttpWorker {
  readonly pairingToken: string;
  /** HTTP/2 with prior knowledge instead of HTTP/1.1. */
  readonly h2c?: boolean;
}

export interface UpstreamWorker {
  /** Unique over the life of the primary. */
  readonly workerId: number;
  readonly slot: number;
  readonly generation: number;
  readonly endpoint: UpstreamEndpoint;
}

/**
 * Everything a listener may know about one application's workers. `workers` holds only eligible ones:
 * a draining worker is absent. With `failure` set, queued and new requests are answered by it.
 */
export interface ApplicationUpstreams {
  readonly applicationId: string;
  readonly workers: readonly UpstreamWorker[];
  readonly failure: StoredFailure | null;
}
