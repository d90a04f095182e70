/** Failed-request tracing and telemetry as the configuration has them. */

/** A request is traced when it meets one of `codes`, or took `timeTakenMs`. */
export interface TraceRule {
  /** Lower case; * stands for any characters. */
  readonly path: string;
  /** From and to, both included, as status * 1000 + sub-status. */
  readonly codes: readonly (readonly [from: number, to: number])[];
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
