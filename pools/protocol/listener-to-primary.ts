import type { CounterDelta } from './counters.js';

/** Listener -> primary over node:cluster's channel. */
export type ListenerToPrimary =
  /** First message: send everything. */
  | { readonly type: 'hello'; readonly pid: number }
  | { readonly type: 'listening'; readonly key: string }
  | { readonly type: 'ack'; readonly number: number }
  /** The link to an in-process worker is open and both hellos are checked (or the worker refused it). */
  | { readonly type: 'link'; readonly workerId: number; readonly up: boolean; readonly error: string }
  /** A request found no eligible worker and waits; sent once per application until upstreams change. */
  | { readonly type: 'need-worker'; readonly applicationId: string }
  /** Every ready process of an out-of-process application has a request in flight. */
  | { readonly type: 'busy'; readonly applicationId: string }
  /** At most one per turn and pool: `count` more requests want to wait in the pool's queue. */
  | { readonly type: 'claim'; readonly claimId: number; readonly pool: string; readonly count: number }
  /** Requests that left the queue (served, failed, client gone). */
  | { readonly type: 'release'; readonly pool: string; readonly count: number }
  | { readonly type: 'drained'; readonly workerId: number; readonly receipt: DrainReceipt }
  /** Connect to a published worker failed or its link broke: the primary decides whether it is dead. */
  | { readonly type: 'unreachable'; readonly workerId: number; readonly error: string }
  /** What was in flight on a worker when it was lost; lines are escaped and capped. */
  | {
      readonly type: 'lost';
      readonly workerId: number;
      readonly lines: readonly string[];
      readonly receipt: DrainReceipt;
    }
  | { readonly type: 'crash-line'; readonly pool: string; readonly line: string }
  | { readonly type: 'crash-line-cleared'; readonly pool: string; readonly line: string }
  /** Totals since the last message with that sequence; each sequence number is applied once. */
  | { readonly type: 'counters'; readonly sequence: number; readonly deltas: readonly CounterDelta[] }
  /**
   * Once a second: every worker this listener knows, idle ones too, with the requests and tunnels in
   * flight here and the requests handed to it since this listener learned of it.
   */
  | { readonly type: 'activity'; readonly workers: readonly WorkerActivity[] }
  /** First request answered by a worker since it was published: resets its back-off. */
  | { readonly type: 'served'; readonly workerId: number }
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly event: string;
      readonly fields: Readonly<Record<string, string | number | boolean>>;
    }
  | { readonly type: 'logs-reopened'; readonly id: number }
  | { readonly type: 'pong'; readonly id: number }
  | { readonly type: 'closed' };

export interface WorkerActivity {
  readonly workerId: number;
  readonly inFlight: number;
  readonly requestsTotal: number;
}

export interface DrainReceipt {
  readonly inFlight: number;
  readonly drained: number;
  readonly retried: number;
  readonly cut: number;
  readonly socketsNoticed: number;
}
