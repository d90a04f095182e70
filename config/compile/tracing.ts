import type { ServerSettings, SiteSettings } from '../schema/root.js';
import type { SiteTracing, TelemetryConfig } from '../trace-model.js';

/** null = no request of the site is traced. */
export function compileTracing(settings: SiteSettings): SiteTracing | null {
  const { traceFailedRequests = [], traceFailedRequestsLogging: logging } = settings;
  if (!logging.enabled || traceFailedRequests.length === 0) return null;
  const rules = traceFailedRequests.map(({ path, statusCodes = '', timeTaken = 0 }) => ({
    path: path.toLowerCase(),
    codes: statusCodes === '' ? [] : statusCodes.split(',').map((one) => codesOf(one.trim())),
    timeTakenMs: timeTaken,
  }));
  return { rules, filesMax: logging.maxLogFiles, fileBytesMax: logging.maxLogFileSizeKB * 1_024 };
}

/** `500-599`, `404` with every sub-status, or `503.2`. */
function codesOf(text: string): readonly [number, number] {
  const [first = '', last = first] = text.split('-');
  const [status = '', subStatus] = first.split('.');
  if (subStatus === undefined) return [Number(status) * 1_000, Number(last) * 1_000 + 999];
  const code = Number(status) * 1_000 + Number(subStatus);
  return [code, code];
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
