import { join } from 'node:path';
import type { ApplicationConfig, CompiledConfig } from '../../config/model.js';
import type { RouteApplication, Routes, StoredFailure } from '../../pools/protocol/snapshot.js';

/** The part of the configuration that listeners need, in the form they take it. */
export function routesOf(config: CompiledConfig): Routes {
  const siteIndexes = new Map(config.sites.map((site, index) => [site.name, index]));
  return {
    bindings: config.sites.flatMap((site, siteIndex) =>
      site.bindings.map(({ address, port, host, protocol }) => ({ siteIndex, address, port, host, scheme: protocol })),
    ),
    sites: config.sites.map(({ name, limits }) => ({ name, ...limits })),
    applications: config.applications.map((one) => routeApplication(one, siteIndexes.get(one.site) ?? 0)),
    pools: config.pools.map(({ name, queueLength, processModel, failure }) => ({
      name,
      queueLength,
      maxConcurrentRequests: processModel.maxConcurrentRequests,
      rapidFailProtectionIntervalMs: failure.rapidFailProtectionIntervalMs,
    })),
    settings: {
      headerWaitTimeoutMs: config.server.webLimits.headerWaitTimeoutMs,
      minBytesPerSecond: config.server.webLimits.minBytesPerSecond,
      trustedProxies: config.server.trustedProxies,
      underscoresInHeaders: config.server.underscoresInHeaders,
      accessLogFile: join(accessLogFolder(config), 'access.log'),
      listeners: config.server.listeners,
    },
  };
}

/** A folder of its own: listeners write there with their own id and nowhere else. */
export function accessLogFolder(config: CompiledConfig): string {
  return join(config.server.logDir, 'access');
}

function routeApplication(application: ApplicationConfig, siteIndex: number): RouteApplication {
  const hosting = application.hosting;
  return {
    id: application.id,
    siteIndex,
    path: application.path,
    pool: application.pool,
    hostingModel: hosting?.hostingModel ?? 'OutOfProcess',
    maxAllowedContentLength: application.maxAllowedContentLength,
    requestTimeoutMs: hosting?.requestTimeoutMs ?? 0,
    isDotnet: hosting?.isDotnet ?? false,
    webSocket: hosting?.webSocket ?? true,
    forwardConnection: hosting?.handlerSettings.forwardResponseConnectionHeader ?? false,
    forwardedPort: hosting !== null && sendsForwardedPort(hosting.forwardedPort, hosting.isDotnet),
    forwardedForAppend: hosting?.forwardedFor === 'append',
    failure: application.failure === null ? null : storedFailure(application.failure),
  };
}

function sendsForwardedPort(setting: 'auto' | 'always' | 'never', isDotnet: boolean): boolean {
  return setting === 'always' || (setting === 'auto' && isDotnet);
}

/** The client sees status and a fixed title; file, line and element stay in the log and in `check`. */
function storedFailure(failure: { readonly status: number; readonly subStatus: number }): StoredFailure {
  return {
    status: failure.status,
    subStatus: failure.subStatus,
    reason: 'Misconfigured',
    title: 'The configuration of this application is not valid',
    retryAfterSeconds: 0,
  };
}
