/** Requests that are under way, as a listener tells of them when it is asked (`list requests` of IIS). */

/**
 * queued: waits for a free worker. starting: its application has no worker yet. sent: a worker has it. answering: the
 * client gets the answer. tunnel: after an accepted upgrade.
 */
export const requestStates = ['queued', 'starting', 'sent', 'answering', 'tunnel'] as const;
export type RequestState = (typeof requestStates)[number];

/** Each narrows what is told; strings are names as the configuration has them. */
export interface RequestFilter {
  /** null = of every pool. */
  readonly pools: readonly string[] | null;
  /** '' = of every site. */
  readonly site: string;
  readonly minTimeMs: number;
  /** How many are listed; all are counted. */
  readonly rowsMax: number;
}

/** What the client sent is escaped and of bounded length. */
export interface LiveRequest {
  readonly verb: string;
  readonly host: string;
  /** Path as it was sent; of a query no more than `?...`, because it may hold secrets. */
  readonly url: string;
  /** `1.0`, `1.1`, `2.0`. */
  readonly version: string;
  /** Address of the client, behind trusted proxies the one that they name. */
  readonly client: string;
  readonly site: string;
  /** Id of the application. */
  readonly application: string;
  readonly pool: string;
  /** 0 = no worker has it. */
  readonly workerId: number;
  readonly state: RequestState;
  /** Since its head was complete. */
  readonly timeMs: number;
}

export interface RequestList {
  /** All that the filter lets through. */
  readonly total: number;
  /** Of them those that take the longest, longest first. */
  readonly requests: readonly LiveRequest[];
}
