/** Traces of failed requests. Words in them are clients' and applications'. */
import type { RequestTrace } from '../../pools/protocol/request-trace.js';

export interface StoredTrace {
  /** Number of its file; counts upwards for each site. */
  readonly id: number;
  readonly trace: RequestTrace;
}

/** What a list says of one. */
export type TraceSummary = { readonly id: number } & Pick<
  RequestTrace,
  | 'site'
  | 'pool'
  | 'startedAtMs'
  | 'method'
  | 'url'
  | 'status'
  | 'subStatus'
  | 'reason'
  | 'timeTakenMs'
  | 'failureReason'
>;

export interface TraceReader {
  /** The newest `limit` of those that the caller may see, the newest first. `site` '' = of every one. */
  list(site: string, limit: number, mayShow: (pool: string) => boolean): Promise<readonly TraceSummary[]>;
  find(site: string, id: number): Promise<StoredTrace | null>;
}
