/**
 * The compiled configuration: plain, frozen, fully defaulted data. It is what `compile` returns, what
 * the supervisor and the primary consume, and it never holds file positions of single values (those
 * stay in the diagnostics and in `origins`). Times are in milliseconds, sizes in bytes.
 */
import type { MetricsConfig } from './metrics-model.js';
import type { AdminConfig } from './admin-model.js';
import type { Diagnostic } from './base/diagnostics.js';
import type { AccessLogConfig, SiteLogConfig } from './log-model.js';
import type { SiteTracing, TelemetryConfig, TraceRule } from './trace-model.js';

export type * from './log-model.js';
export type * from './trace-model.js';

export type { AdminConfig, AdminTokenConfig } from './admin-model.js';

export type HostingModel = 'InProcess' | 'OutOfProcess';
export type Isolation = 'process' | 'user' | 'sandbox';
export type StartMode = 'OnDemand' | 'AlwaysRunning';

export interface CompiledConfig {
  /** Hash over the contents of all files read; changes when anything changed. */
  readonly version: string;
  /** The file the configuration was loaded from; for a zero-config start the app folder. */
  readonly file: string;
  /** The administrator's files (this one, included ones, secrets; patterns as they are written), for the watcher. */
  readonly sources: readonly string[];
  /**
   * What belongs to the applications (web.config, files that detection asks for), in one group for each site: always
   * watched. A group that has not changed is the same object as before.
   */
  readonly applicationSources: readonly (readonly string[])[];
  readonly server: ServerConfig;
  readonly pools: readonly PoolConfig[];
  readonly sites: readonly SiteConfig[];
  readonly applications: readonly ApplicationConfig[];
  /** Warnings that stay true while this configuration serves. */
  readonly warnings: readonly Diagnostic[];
}

export interface ServerConfig {
  /** Number of listener processes; the default is the number of cores, at most 4. */
  readonly listeners: number;
  readonly runDir: string;
  readonly stateDir: string;
  readonly logDir: string;
  readonly admin: AdminConfig;
  readonly identityRange: { readonly first: number; readonly last: number };
  /** Addresses or CIDR blocks whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[];
  readonly underscoresInHeaders: 'pass' | 'delete' | 'reject';
  /** null = none. */
  readonly accessLog: AccessLogConfig | null;
  /** 0 = no limit. */
  readonly logBudgetBytes: number;
  readonly metrics: MetricsConfig;
  readonly telemetry: TelemetryConfig;
  readonly webLimits: {
    readonly headerWaitTimeoutMs: number;
    readonly minBytesPerSecond: number;
    /** Over all listeners; 0 = no limit. */
    readonly maxHandshakesPerSecond: number;
    /** From accept on, over all listeners; 0 = no limit. */
    readonly maxConnectionsPerAddress: number;
  };
  readonly shutdownTimeLimitMs: number;
  readonly drainDelayMs: number;
  readonly startConcurrency: number;
  /** Memory of all workers together from which on idle pools are stopped; 0 = off. */
  readonly memoryBudgetBytes: number;
  readonly watch: boolean;
  /** null: no certificates are asked for. */
  readonly acme: AcmeConfig | null;
}

/** Where certificates with `certificate: acme` come from (RFC 8555). */
export interface AcmeConfig {
  /** https address of the directory. */
  readonly directory: string;
  /** The one that orders are rehearsed with; '' = none. */
  readonly rehearsal: string;
  /** '' = none. */
  readonly email: string;
  readonly challenge: 'auto' | 'http-01' | 'tls-alpn-01';
  /** Lower case; `*.` stands for one label. */
  readonly onDemandHosts: readonly string[];
  /** Absolute path of a PEM file; '' = the authorities that Node knows. */
  readonly authoritiesFile: string;
}

/** `applicationPools` of IIS (system.applicationHost/applicationPools/add). */
export interface PoolConfig {
  readonly name: string;
  readonly autoStart: boolean;
  readonly startMode: StartMode;
  readonly queueLength: number;
  readonly isolation: Isolation;
  /** Absolute path of the Node that runs in-process apps; null = the Node that runs Sluice. */
  readonly nodePath: string | null;
  readonly environmentVariables: readonly EnvironmentVariable[];
  readonly affinity: 'none' | 'cookie';
  readonly processModel: ProcessModelConfig;
  readonly recycling: RecyclingConfig;
  readonly failure: FailureConfig;
  readonly cpu: CpuConfig;
  readonly resources: ResourcesConfig;
  readonly sandbox: SandboxConfig;
  /** Node's permission model for in-process applications; null = off. */
  readonly nodePermissions: NodePermissions | null;
}

export type CpuAction = 'NoAction' | 'KillW3wp' | 'Throttle' | 'ThrottleUnderLoad';

export interface CpuConfig {
  /** 1/1000 % of the machine; 0 = off. */
  readonly limit: number;
  readonly action: CpuAction;
  /** 0 = NoAction and KillW3wp do not look. */
  readonly resetIntervalMs: number;
  /** Hexadecimal, bit 0 = processor 0; null = every processor. */
  readonly affinityMask: string | null;
}

/** Of the whole pool, except where a name says otherwise; null = no limit. */
export interface ResourcesConfig {
  readonly memoryMaxBytes: number | null;
  readonly memoryHighBytes: number | null;
  /** 100 is the default of every pool. */
  readonly cpuWeight: number;
  readonly pidsMax: number;
  /** Per process. */
  readonly openFiles: number | null;
  /** Processes and threads of the pool's user id; null = 512 for each worker where the id is the pool's own. */
  readonly processes: number | null;
  /** Per file. */
  readonly fileSizeBytes: number | null;
}

export interface SandboxConfig {
  /** Absolute, or relative to the application's folder. */
  readonly writablePaths: readonly string[];
  readonly privateNetwork: boolean;
}

export interface NodePermissions {
  readonly fsRead: readonly string[];
  readonly fsWrite: readonly string[];
  readonly childProcess: boolean;
  readonly worker: boolean;
  readonly addons: boolean;
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

export interface ProcessModelConfig {
  /** >= 1 (0 in the file = number of cores). */
  readonly maxProcesses: number;
  /** 0 = never. */
  readonly idleTimeoutMs: number;
  readonly idleTimeoutAction: 'Terminate' | 'Suspend';
  readonly startupTimeLimitMs: number;
  readonly shutdownTimeLimitMs: number;
  readonly pingingEnabled: boolean;
  readonly pingIntervalMs: number;
  readonly pingResponseTimeMs: number;
  readonly maxConcurrentRequests: number;
  /** In-process: Node keeps its compiled code between starts. */
  readonly compileCache: boolean;
  /** In-process: one host is started ahead of the worker that will need it. */
  readonly spareHost: boolean;
  /** A named user instead of an id of its own; null = application pool identity. */
  readonly userName: string | null;
  readonly logEventOnProcessModel: readonly ProcessModelFlag[];
}

export type ProcessModelFlag = 'IdleTimeout';

export interface RecyclingConfig {
  readonly disallowOverlappingRotation: boolean;
  readonly disallowRotationOnConfigChange: boolean;
  /** Several workers are replaced one after the other. */
  readonly rolling: boolean;
  /** Relative to the folder of each application; '' = none. */
  readonly restartFile: string;
  readonly fileChange: readonly string[];
  readonly logEventOnRecycle: readonly RecycleFlag[];
  /** This and the next three: 0 = off. */
  readonly periodicRestartTimeMs: number;
  readonly periodicRestartRequests: number;
  /** Resident and swapped memory of a worker's processes. */
  readonly periodicRestartMemoryBytes: number;
  /** Of it, what they share with nobody. */
  readonly periodicRestartPrivateMemoryBytes: number;
  /** Local times of day, milliseconds after midnight, ascending. */
  readonly periodicRestartScheduleMs: readonly number[];
}

export type RecycleFlag =
  | 'Time'
  | 'Requests'
  | 'Schedule'
  | 'Memory'
  | 'IsapiUnhealthy'
  | 'OnDemand'
  | 'ConfigChange'
  | 'PrivateMemory';

/** A program that runs for an event of a pool, as the user of Sluice. */
export interface ProgramConfig {
  /** Absolute. */
  readonly file: string;
  readonly arguments: readonly string[];
}

export interface FailureConfig {
  readonly rapidFailProtection: boolean;
  readonly rapidFailProtectionIntervalMs: number;
  readonly rapidFailProtectionMaxCrashes: number;
  /** 0 = never, as IIS. */
  readonly rapidFailProbeMs: number;
  /** 0 = off. */
  readonly hangDetectionMs: number;
  /** A worker that does not respond is left alone instead of killed. */
  readonly orphanWorkerProcess: boolean;
  /** Run for each such worker; `%1%` in its arguments is the process id. */
  readonly orphanAction: ProgramConfig | null;
  /** Run when rapid-fail protection stops the pool. */
  readonly autoShutdown: ProgramConfig | null;
}

export interface SiteConfig {
  /** Index in `CompiledConfig.sites`, and the IIS site id counted from 1 is `id`. */
  readonly id: number;
  readonly name: string;
  readonly bindings: readonly BindingConfig[];
  readonly limits: SiteLimits;
  /** Value of Strict-Transport-Security; '' = none is sent. */
  readonly strictTransportSecurity: string;
  /** Port of the https address that requests over http are sent to; 0 = they are served. */
  readonly redirectPort: number;
  /** central: its requests are in the log of the server. null: in none. */
  readonly logFile: SiteLogConfig | 'central' | null;
  readonly tracing: SiteTracing | null;
}

export interface BindingConfig {
  readonly protocol: 'http' | 'https';
  /** '*' = every address of the machine; otherwise a literal IPv4 or IPv6 address without brackets. */
  readonly address: string;
  readonly port: number;
  /** '' = any host; `*.example.com` = any single or deeper label; lower case, no trailing dot. */
  readonly host: string;
  /** Peers that begin every connection with a PROXY header; empty: nobody does. All bindings of a port agree. */
  readonly proxyProtocol: readonly string[];
  /** HTTP/2 with prior knowledge; false for https. */
  readonly h2c: boolean;
  /** null exactly for http. */
  readonly tls: TlsConfig | null;
}

/** How TLS ends at one binding. Bindings with equal values are one and the same to TLS. */
export interface TlsConfig {
  readonly certificate: CertificateSource;
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** false = never offered (http2: false, sslFlags 4). */
  readonly http2: boolean;
  readonly clientCertificates: ClientCertificateMode;
  /** Absolute path of a PEM file; '' exactly with mode `off`. */
  readonly authoritiesFile: string;
}

export type ClientCertificateMode = 'off' | 'accept' | 'require';

/** Paths are absolute; a password is a secret, '' = none. */
export type CertificateSource =
  /** `keyFile` may be the same file. */
  | { readonly kind: 'pem'; readonly certFile: string; readonly keyFile: string; readonly password: string }
  | { readonly kind: 'pfx'; readonly file: string; readonly password: string }
  /** Found in the folder by the name that the client asks for. */
  | { readonly kind: 'store'; readonly folder: string; readonly password: string }
  /** Obtained from an authority, one for each name (`ServerConfig.acme`). */
  | { readonly kind: 'acme' }
  /** Made by Sluice, for this machine only. */
  | { readonly kind: 'development' };

export interface SiteLimits {
  /** Keep-alive, pause between body packets, and wait in the queue (IIS limits@connectionTimeout). */
  readonly connectionTimeoutMs: number;
  readonly maxConnections: number;
  /** 0 = off, here and below. */
  readonly maxConnectionsPerAddress: number;
  readonly maxRequestsPerSecond: number;
  /** Requests at once after a pause; 0 = those of one second. */
  readonly requestBurst: number;
  readonly maxRequestsPerSecondPerAddress: number;
  readonly requestBurstPerAddress: number;
  /** Bytes of answers per second (IIS limits@maxBandwidth). */
  readonly maxBandwidth: number;
  readonly maxBandwidthPerAddress: number;
}

export interface ApplicationConfig {
  /** `site/path`, unique: `main/`, `main/legacy`. */
  readonly id: string;
  readonly site: string;
  /** '/' or '/sub' (no trailing slash, as written). */
  readonly path: string;
  readonly pool: string;
  readonly physicalPath: string;
  readonly maxAllowedContentLength: number;
  /** Rules of failed-request tracing in its web.config; absent: none that acts. */
  readonly traceRules?: readonly TraceRule[];
  /** Path of the warm-up request below the application's; null = none (preloadEnabled). */
  readonly preloadPath: string | null;
  /** null exactly when `failure` is not. */
  readonly hosting: HostingConfig | null;
  /** Why this application answers an error to every request (500.19, 500.34, 500.35 ...). */
  readonly failure: ApplicationFailure | null;
}

export interface ApplicationFailure {
  readonly status: number;
  readonly subStatus: number;
  /** First line for the log, `check` and Development pages; names file, line and element. */
  readonly diagnostic: Diagnostic;
}

/** `aspNetCore` attributes by their own names, resolved (web.config, `hosting`, detection). */
/** A file and what it looked like when the configuration was read; stamp '' = it is not there. */
export interface WatchedFile {
  readonly path: string;
  readonly stamp: string;
}

export interface HostingConfig {
  readonly hostingModel: HostingModel;
  /** Where it came from, for people. */
  readonly source: 'hosting' | 'web.config' | 'detection';
  /** Out-of-process: absolute path or a name for PATH. In-process: '' (the pool's Node). */
  readonly processPath: string;
  /** Out-of-process: argv after the program, already split. In-process: argv after the entry. */
  readonly arguments: readonly string[];
  /** In-process only: options for node itself, and the entry as given to node (file or folder). */
  readonly nodeOptions: readonly string[];
  readonly entry: string;
  /** A .NET app: forwarded port in X-Forwarded-For, shutdown POST, 60 s idle upstream connections. */
  readonly isDotnet: boolean;
  readonly environmentVariables: readonly EnvironmentVariable[];
  readonly processesPerApplication: number;
  /** Out-of-process: how a worker is reached. */
  readonly socket: 'tcp' | 'unix';
  /** Out-of-process: what is spoken to a worker. */
  readonly protocol: 'http1' | 'h2c';
  /** Out-of-process: processes that one start tries (httpPlatform startupRetryCount + 1). */
  readonly startAttempts: number;
  readonly startupTimeLimitMs: number;
  readonly shutdownTimeLimitMs: number;
  /** Per network operation; 0 = off (the default in-process). */
  readonly requestTimeoutMs: number;
  readonly rapidFailsPerMinute: number;
  readonly stdoutLogEnabled: boolean;
  readonly stdoutLogFile: string;
  readonly disableStartUpErrorPage: boolean;
  readonly forwardedPort: 'auto' | 'always' | 'never';
  readonly forwardedFor: 'replace' | 'append';
  /** false = system.webServer/webSocket enabled="false": upgrades go on as plain requests. */
  readonly webSocket: boolean;
  readonly handlerSettings: HandlerSettings;
  /** Files of recycleOnFileChange and of the pool's fileChange: a changed stamp recycles the application. */
  readonly recycleOnFileChange: readonly WatchedFile[];
  /** The pool's restartFile as this application has it: it counts when it is touched, not when it goes. */
  readonly restartFile: WatchedFile | null;
  /** Out-of-process; null = none. */
  readonly healthCheck: HealthCheck | null;
  /** In-process: the port whose server is the app; 0 = the value of PORT, else the first server. */
  readonly port: number;
}

/** A request of our own that a worker must answer with a status below 500. */
export interface HealthCheck {
  /** Below the application's path, with a leading slash. */
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** In a row; then the worker is replaced. */
  readonly failures: number;
}

/** The handlerSettings of the ASP.NET Core Module that act here. */
export interface HandlerSettings {
  /** A `Connection: close` of an out-of-process worker ends the client's connection too. */
  readonly forwardResponseConnectionHeader: boolean;
  /** false: output of an out-of-process worker goes nowhere. */
  readonly enableOutOfProcessConsoleRedirection: boolean;
  /** A changed web.config or `hosting` replaces no running process. */
  readonly disallowRotationOnConfigChange: boolean;
}
