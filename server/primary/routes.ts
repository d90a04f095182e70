import { createHash, randomBytes } from 'node:crypto';
import { type Diagnostic, escapeControls, shorten } from '../../config/base/diagnostics.js';
import { workerNoteCharsMax } from '../../config/base/limits.js';
import { statusEntry } from '../../config/base/statuses.js';
import type {
  ApplicationConfig,
  ApplicationFailure,
  CompiledConfig,
  SiteConfig,
  TlsConfig,
} from '../../config/model.js';
import type {
  FailureDetail,
  RouteApplication,
  Routes,
  RouteSite,
  SiteRates,
  RouteTls,
  StoredFailure,
} from '../../pools/protocol/snapshot.js';
import { isDevelopment } from '../../pools/supervisor/development.js';
import { centralLog, siteLog } from './log-targets.js';

/** Workers do not outlive the primary, so a cookie need not either. */
const affinityKey = randomBytes(32).toString('hex');

/** The part of the configuration that listeners need, in the form they take it; of it only `part`. */
export function routesOf(
  config: CompiledConfig,
  part: Pick<CompiledConfig, 'sites' | 'applications' | 'pools'> = config,
): Routes {
  const developed = new Set(
    config.pools.filter((pool) => isDevelopment(pool.environmentVariables)).map(({ name }) => name),
  );
  const siteIndexes = new Map(part.sites.map((site, index) => [site.name, index]));
  return {
    bindings: part.sites.flatMap((site, siteIndex) =>
      site.bindings.map(({ address, port, host, protocol, proxyProtocol, h2c, tls }) => ({
        siteIndex,
        address,
        port,
        host,
        scheme: protocol,
        tls: tls === null ? null : routeTls(tls),
        ...(proxyProtocol.length === 0 ? {} : { proxyProtocol }),
        ...(h2c ? { h2c } : {}),
      })),
    ),
    sites: part.sites.map((site) => routeSite(config, site)),
    applications: part.applications.map((one) =>
      routeApplication(one, siteIndexes.get(one.site) ?? 0, developed.has(one.pool)),
    ),
    pools: part.pools.map(({ name, queueLength, processModel, failure, affinity }) => ({
      name,
      queueLength,
      maxConcurrentRequests: processModel.maxConcurrentRequests,
      rapidFailProtectionIntervalMs: failure.rapidFailProtectionIntervalMs,
      affinity,
    })),
    settings: {
      headerWaitTimeoutMs: config.server.webLimits.headerWaitTimeoutMs,
      minBytesPerSecond: config.server.webLimits.minBytesPerSecond,
      maxHandshakesPerSecond: config.server.webLimits.maxHandshakesPerSecond,
      maxConnectionsPerAddress: config.server.webLimits.maxConnectionsPerAddress,
      trustedProxies: config.server.trustedProxies,
      affinityKey,
      underscoresInHeaders: config.server.underscoresInHeaders,
      accessLog: centralLog(config),
      ...(takesPart(config) ? { telemetry: config.server.telemetry } : {}),
      ...(config.server.metrics.statusCodes === 'exact' ? { exactStatusCodes: true } : {}),
      listeners: config.server.listeners,
    },
  };
}

function routeTls(tls: TlsConfig): RouteTls {
  const { certificate, maxVersion, http2, clientCertificates, authoritiesFile } = tls;
  return {
    key: tlsKey(tls),
    policy: digest([clientCertificates, authoritiesFile, maxVersion]),
    byName: certificate.kind === 'store' || certificate.kind === 'acme',
    maxVersion,
    http2,
    clientCertificates,
  };
}

const tlsKeys = new WeakMap<TlsConfig, string>();

/** The same for every binding with the same certificate and policy. */
export function tlsKey(tls: TlsConfig): string {
  const known = tlsKeys.get(tls) ?? digest(tls);
  tlsKeys.set(tls, known);
  return known;
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

function takesPart({ server }: CompiledConfig): boolean {
  return server.telemetry.traceContext === 'create' || server.telemetry.otlp !== null;
}

function routeSite(config: CompiledConfig, site: SiteConfig): RouteSite {
  const { id, name, limits, strictTransportSecurity, redirectPort } = site;
  const { connectionTimeoutMs, maxConnections, maxConnectionsPerAddress } = limits;
  const rates: SiteRates = {
    requestsPerSecond: limits.maxRequestsPerSecond,
    requestBurst: limits.requestBurst || limits.maxRequestsPerSecond,
    requestsPerSecondPerAddress: limits.maxRequestsPerSecondPerAddress,
    requestBurstPerAddress: limits.requestBurstPerAddress || limits.maxRequestsPerSecondPerAddress,
    bandwidth: limits.maxBandwidth,
    bandwidthPerAddress: limits.maxBandwidthPerAddress,
  };
  const isLimited =
    rates.requestsPerSecond + rates.requestsPerSecondPerAddress + rates.bandwidth + rates.bandwidthPerAddress > 0;
  const log = siteLog(config, site);
  return {
    id,
    name,
    connectionTimeoutMs,
    maxConnections,
    maxConnectionsPerAddress,
    ...(isLimited ? { rates } : {}),
    ...(log === undefined ? {} : { log }),
    ...(site.tracing === null || site.tracing.rules.length === 0 ? {} : { traceRules: site.tracing.rules }),
    strictTransportSecurity,
    redirectPort,
  };
}

function routeApplication(application: ApplicationConfig, siteIndex: number, isDeveloped: boolean): RouteApplication {
  const { hosting, failure, traceRules } = application;
  return {
    id: application.id,
    siteIndex,
    path: application.path,
    pool: application.pool,
    hostingModel: hosting?.hostingModel ?? 'OutOfProcess',
    maxAllowedContentLength: application.maxAllowedContentLength,
    requestTimeoutMs: hosting?.requestTimeoutMs ?? 0,
    isDotnet: hosting?.isDotnet ?? false,
    ...(traceRules === undefined ? {} : { traceRules }),
    webSocket: hosting?.webSocket ?? true,
    forwardConnection: hosting?.handlerSettings.forwardResponseConnectionHeader ?? false,
    forwardedPort: hosting !== null && sendsForwardedPort(hosting.forwardedPort, hosting.isDotnet),
    forwardedForAppend: hosting?.forwardedFor === 'append',
    failure: failure === null ? null : storedFailure(application, failure, isDeveloped),
  };
}

function sendsForwardedPort(setting: 'auto' | 'always' | 'never', isDotnet: boolean): boolean {
  return setting === 'always' || (setting === 'auto' && isDotnet);
}

/**
 * Visitors see the status; file, line and element stay in the log and in `check`, unless the pool's environment is
 * Development (the application's own is unknown: its configuration is what cannot be used).
 */
function storedFailure(
  application: ApplicationConfig,
  failure: ApplicationFailure,
  isDeveloped: boolean,
): StoredFailure {
  const { status, subStatus, diagnostic } = failure;
  const reason = 'Misconfigured';
  const title = statusEntry(status, subStatus, reason)?.title ?? '';
  const stored = { status, subStatus, reason, title, retryAfterSeconds: 0 };
  return isDeveloped ? { ...stored, page: detailOf(application, diagnostic) } : stored;
}

function detailOf(application: ApplicationConfig, diagnostic: Diagnostic): FailureDetail {
  const { code, file, line, column, path, message, remedy } = diagnostic;
  const place = line > 0 ? `${file}:${line}:${Math.max(1, column)}` : file;
  const plain = (text: string): string => escapeControls(shorten(text, workerNoteCharsMax));
  return {
    code,
    cause: plain(message),
    remedy: plain(remedy),
    facts: [
      ['place', plain(place)],
      ['setting', plain(path)],
      ['application', application.id],
      ['application pool', application.pool],
      ['folder', plain(application.physicalPath)],
    ],
    journey: [],
    output: '',
  };
}
