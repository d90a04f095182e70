import type { CounterDelta } from './counters.js';
import type { RequestTrace } from './request-trace.js';
import type { RequestList } from './live-requests.js';

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
  /** A client wants TLS: `key` of its binding, and the name it asks for where the certificate depends on it. */
  | { readonly type: 'want-certificate'; readonly key: string; readonly name: string }
  /** Every ready process of an out-of-process application has a request in flight. */
  | { readonly type: 'busy'; readonly applicationId: string }
  /** At most one per turn and pool: `count` more requests want to wait in the pool's queue. */
  | { readonly type: 'claim'; readonly claimId: number; readonly pool: string; readonly count: number }
  /** Requests that left the queue (served, failed, client gone). */
  | { readonly type: 'release'; readonly pool: string; readonly count: number }
  | { readonly type: 'drained'; readonly workerId: number; readonly receipt: DrainReceipt }
  /** Connect to a published worker failed or its link broke: the primary decides whether it is dead. */
  | { readonly type: 'unreachable'; readonly workerId: number; readonly error: string }
  /** The answer to `worker-gone`: what was in flight when the worker was lost; lines are escaped and capped. */
  | {
      readonly type: 'lost';
      readonly workerId: number;
      readonly lines: readonly string[];
      /** Of those lines, the ones that were in flight at an earlier crash of the pool too. */
      readonly suspects: readonly string[];
      readonly receipt: DrainReceipt;
    }
  /** Requests and bytes that clients of a limited site spent here: the other listeners count them too. */
  | { readonly type: 'spent'; readonly site: string; readonly spent: readonly Spending[] }
  /** Connections of limited sites that it has now, where that has changed: the other listeners count them too. */
  | { readonly type: 'held'; readonly held: readonly Holding[] }
  /** It stopped accepting for want of descriptors, closed its sockets, and has room again: `listen` once more. */
  | { readonly type: 'accept-again' }
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
  /** A request met a rule of failed-request tracing. */
  | { readonly type: 'traced'; readonly trace: RequestTrace }
  /** The answer to `list-requests`. */
  | ({ readonly type: 'requests'; readonly id: number } & RequestList)
  | { readonly type: 'pong'; readonly id: number }
  | { readonly type: 'closed' };

/** The key is a client's address, or '' for the whole site. */
export type Spending = [key: string, requests: number, bytes: number];

/** The key is a site's name, or name, NUL and a client's address. */
export type Holding = [key: string, connections: number];

export interface WorkerActivity {
  readonly workerId: number;
  readonly inFlight: number;
  readonly requestsTotal: number;
  /**
   * In-process: how long the request is under way that met this worker with nothing to do. 0 = there is none, or it is
   * younger than a heartbeat's interval: until then the worker itself has nothing to tell.
   */
  readonly underWayMs: number;
}

/**
 * What became of the requests (tunnels too) that were in flight when their worker began to drain or was
 * lost: `inFlight` is the sum of all others.
 */
export interface DrainReceipt {
  readonly inFlight: number;
  /** Ended as they would have without the drain. */
  readonly drained: number;
  /** The same, but only after the moment at which tunnels got their notice. */
  readonly late: number;
  /** Sent to another worker. */
  readonly retried: number;
  /** Answered with an error or broken off. */
  readonly cut: number;
  /** Tunnels closed behind a close frame 1012. */
  readonly socketsNoticed: number;
}

export const emptyReceipt: DrainReceipt = {
  inFlight: 0,
  drained: 0,
  late: 0,
  retried: 0,
  cut: 0,
  socketsNoticed: 0,
};

export function addReceipts(a: DrainReceipt, b: DrainReceipt): DrainReceipt {
  return {
    inFlight: a.inFlight + b.inFlight,
    drained: a.drained + b.drained,
    late: a.late + b.late,
    retried: a.retried + b.retried,
    cut: a.cut + b.cut,
    socketsNoticed: a.socketsNoticed + b.socketsNoticed,
  };
}
