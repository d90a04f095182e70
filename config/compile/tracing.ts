import { statusRanges } from '../base/trace-codes.js';
import type { ServerSettings, SiteSettings } from '../schema/root.js';
import type { SiteTracing, TelemetryConfig } from '../trace-model.js';

/** null = no request of the site is traced, whatever the web.config files of its applications say. */
export function compileTracing(settings: SiteSettings): SiteTracing | null {
  const { traceFailedRequests = [], traceFailedRequestsLogging: logging } = settings;
  if (!logging.enabled) return null;
  const rules = traceFailedRequests.map(({ path, statusCodes = '', timeTaken = 0 }) => ({
    path: path.toLowerCase(),
    codes: statusRanges(statusCodes) ?? [],
    timeTakenMs: timeTaken,
  }));
  return { rules, filesMax: logging.maxLogFiles, fileBytesMax: logging.maxLogFileSizeKB * 1_024 };
}

export function compileTelemetry({ telemetry }: ServerSettings): TelemetryConfig {
  const { traceContext, serviceName, samplingRatio, otlp } = telemetry;
  return {
    traceContext,
    serviceName,
    samplingRatio,
    otlp: otlp === undefined ? null : { ...otlp, endpoint: withPath(otlp.endpoint) },
  };
}

/** As the environment variables of OpenTelemetry have it: the address of a collector without a path. */
function withPath(endpoint: string): string {
  return /^https?:\/\/[^/]+\/?$/.test(endpoint) ? `${endpoint.replace(/\/$/, '')}/v1/traces` : endpoint;
}
