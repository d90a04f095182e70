/** Failed-request tracing and telemetry as the configuration has them. */

import type { CodeRange } from './base/trace-codes.js';

/** A request is traced when it meets one of `codes`, or took `timeTakenMs`. */
export interface TraceRule {
  /** Lower case; * stands for any characters. Of a site: the path of a request; of an application: the part below its own. */
  readonly path: string;
  readonly codes: readonly CodeRange[];
  /** 0 = however long it takes. */
  readonly timeTakenMs: number;
}

export interface SiteTracing {
  readonly rules: readonly TraceRule[];
  readonly filesMax: number;
  readonly fileBytesMax: number;
}

export interface TelemetryConfig {
  readonly traceContext: 'pass' | 'create';
  readonly serviceName: string;
  /** 0 to 1. */
  readonly samplingRatio: number;
  /** null = spans are not exported. */
  readonly otlp: OtlpConfig | null;
}

export interface OtlpConfig {
  /** With the path. */
  readonly endpoint: string;
  /** Secret. */
  readonly headers: Readonly<Record<string, string>>;
}
