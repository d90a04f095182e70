/** Traces of failed requests. Words in them are clients' and applications'. */
import type { RequestTrace } from '../../pools/protocol/request-trace.js';

export interface StoredTrace {
  /** Number of its file; counts upwards for each site. */
  readonly id: number;
  readonly trace: RequestTrace;
}

export interface TraceReader {
  /** The newest first. '' = of every site. */
  list(site: string): Promise<readonly StoredTrace[]>;
  find(site: string, id: number): Promise<StoredTrace | null>;
}
