/** The whole life of one request, as failed-request tracing keeps it. Words in it are the client's and the application's. */
export interface RequestTrace {
  readonly site: string;
  readonly siteId: number;
  /** '' = it was refused before one was found. */
  readonly application: string;
  readonly pool: string;
  /** The last worker that had it; 0 = none. */
  readonly workerId: number;
  /** Wall clock of the complete head. */
  readonly startedAtMs: number;
  readonly timeTakenMs: number;
  /** What made it a trace: IIS's failureReason. */
  readonly failureReason: 'STATUS_CODE' | 'TIME_TAKEN';
  readonly clientAddress: string;
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly version: string;
  readonly status: number;
  readonly subStatus: number;
  readonly reason: string;
  readonly retries: number;
  readonly connectFailures: number;
  readonly stages: readonly TraceStage[];
  /** Name and value; secrets are masked. */
  readonly requestFields: readonly (readonly [name: string, value: string])[];
  readonly requestBytes: number;
  readonly answerFields: readonly (readonly [name: string, value: string])[];
  readonly answerBytes: number;
  /** W3C trace context; '' = Sluice took no part. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
}

export interface TraceStage {
  readonly stage: TraceStageName;
  /** After the complete head; before it: negative. */
  readonly atMs: number;
  /** '' = nothing more to say. */
  readonly detail: string;
}

export type TraceStageName =
  | 'accepted'
  | 'head'
  | 'routed'
  | 'refused'
  | 'queued'
  | 'worker-started'
  | 'sent'
  | 'lost'
  | 'first-byte'
  | 'client-left'
  | 'end';
