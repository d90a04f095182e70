import type { BindingConfig, SiteConfig } from '../../config/model.js';
import type { RouteApplication, RouteBinding, Routes } from '../../pools/protocol/snapshot.js';

/** Of a site without limits by time, as the compiled configuration has it. */
export const noRates = {
  maxRequestsPerSecond: 0,
  requestBurst: 0,
  maxRequestsPerSecondPerAddress: 0,
  requestBurstPerAddress: 0,
  maxBandwidth: 0,
  maxBandwidthPerAddress: 0,
} as const;

/** A binding without TLS, PROXY protocol or HTTP/2, as the compiled configuration has it. */
export function plainBinding(address: string, port: number, host = ''): BindingConfig {
  return { protocol: 'http', address, port, host, proxyProtocol: [], h2c: false, tls: null };
}

/** The one site `main` of these bindings, as the compiled configuration has it. */
export function mainSite(bindings: readonly BindingConfig[]): SiteConfig {
  return {
    id: 1,
    name: 'main',
    bindings,
    limits: { ...noRates, connectionTimeoutMs: 1, maxConnections: 1, maxConnectionsPerAddress: 0 },
    strictTransportSecurity: '',
    redirectPort: 0,
    logFile: 'central',
    tracing: null,
  };
}

/** A site of a test snapshot: one binding per site unless `bindings` says more. */
export interface SiteSketch {
  readonly host?: string;
  readonly address?: string;
  readonly port?: number;
  readonly scheme?: 'http' | 'https';
  readonly paths?: readonly string[];
}

/** A snapshot of sites, one binding each (default `*:8080:` and host ''), applications named `<site>:<path>`. */
export function routesOf(sketches: readonly SiteSketch[]): Routes {
  const bindings: RouteBinding[] = [];
  const applications: RouteApplication[] = [];
  for (const [siteIndex, sketch] of sketches.entries()) {
    bindings.push({
      siteIndex,
      address: sketch.address ?? '*',
      port: sketch.port ?? 8080,
      host: sketch.host ?? '',
      scheme: sketch.scheme ?? 'http',
      tls: null,
    });
    for (const path of sketch.paths ?? ['/']) applications.push(applicationOf(siteIndex, path));
  }
  return {
    bindings,
    sites: sketches.map((_, index) => ({
      id: index + 1,
      name: `site${index}`,
      connectionTimeoutMs: 120_000,
      maxConnections: 0,
      maxConnectionsPerAddress: 0,
      strictTransportSecurity: '',
      redirectPort: 0,
    })),
    applications,
    pools: [
      {
        name: 'pool',
        queueLength: 1000,
        maxConcurrentRequests: 1024,
        rapidFailProtectionIntervalMs: 300_000,
        affinity: 'none',
      },
    ],
    settings: {
      headerWaitTimeoutMs: 30_000,
      minBytesPerSecond: 240,
      maxHandshakesPerSecond: 0,
      maxConnectionsPerAddress: 0,
      trustedProxies: [],
      affinityKey: '00',
      underscoresInHeaders: 'pass',
      accessLog: null,
      listeners: 1,
    },
  };
}

function applicationOf(siteIndex: number, path: string): RouteApplication {
  return {
    id: `site${siteIndex}:${path}`,
    siteIndex,
    path,
    pool: 'pool',
    hostingModel: 'InProcess',
    maxAllowedContentLength: 30_000_000,
    requestTimeoutMs: 0,
    isDotnet: false,
    webSocket: true,
    forwardConnection: false,
    forwardedPort: false,
    forwardedForAppend: false,
    failure: null,
  };
}
