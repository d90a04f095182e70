import type { ApplicationView } from '../../pools/supervisor/ports.js';

export interface BindingView {
  readonly site: string;
  readonly protocol: 'http' | 'https';
  /** '*' = every address. */
  readonly address: string;
  readonly port: number;
  /** '' = any. */
  readonly host: string;
  readonly http2: boolean;
  /** Where its certificate comes from; 'none' for http. */
  readonly certificate: string;
  /** Where one file holds it, else ''. */
  readonly certificateFile: string;
  readonly clientCertificates: string;
}

export interface ApplicationDetailView {
  readonly id: string;
  readonly site: string;
  readonly path: string;
  readonly pool: string;
  readonly physicalPath: string;
  /** '' = it cannot be used. */
  readonly hostingModel: string;
  readonly state: ApplicationView['state'];
  readonly problem: string;
  /** An administrator took it offline: 503 to every request. */
  readonly offline: boolean;
}

export interface SiteView {
  readonly id: number;
  readonly name: string;
  readonly bindings: readonly BindingView[];
  readonly connectionTimeoutMs: number;
  readonly maxConnections: number;
  readonly applications: readonly ApplicationDetailView[];
}

/** This node: there is one. */
export interface NodeView {
  readonly name: string;
  readonly version: string;
  readonly nodeVersion: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly state: 'starting' | 'ready' | 'not-ready' | 'drained' | 'stopping';
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly listeners: number;
  readonly configuration: { readonly file: string; readonly version: string };
  readonly sites: number;
  readonly applications: number;
  readonly pools: number;
}

/** What waits for a pool now, and what it is held to; null = no limit. */
export interface PoolLimitsView {
  readonly queue: number;
  readonly limits: {
    readonly queueLength: number;
    readonly maxProcesses: number;
    readonly maxConcurrentRequests: number;
    readonly idleTimeoutMs: number;
    readonly memoryMaxBytes: number | null;
    /** Thousandths of a percent of the machine, as IIS counts; 0 = no limit. */
    readonly cpuLimit: number;
    readonly processes: number;
    readonly isolation: string;
  };
}
