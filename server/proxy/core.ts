import type { Clock } from '../../config/base/clock.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { Deadlines } from './deadlines.js';
import type { Exchange } from './exchange.js';
import type { Pacer } from './pacer.js';
import type { Trail } from './trail.js';
import type { Waiter } from './waiter.js';
import type { Worker } from './worker.js';

/** What the data path needs from the rest of its listener process. */
export interface ProxyCore {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly pacer: Pacer;
  /** Identifies this listener in the link's hello. */
  readonly listenerId: number;
  say(message: ListenerToPrimary): void;
  /** IMF-fixdate of now. */
  date(): string;
  /** Finds a worker for the exchange now, or lets it wait. */
  dispatch(exchange: Exchange): void;
  leaveQueue(waiter: Waiter): void;
  /** A slot of this worker is free again. */
  slotFreed(worker: Worker): void;
  /** The worker can take requests from now on. */
  workerReady(worker: Worker): void;
  /** A connect to the worker failed, or its link broke. */
  unreachable(worker: Worker, error: string): void;
  /** Notes of requests; null while none is wanted of any. */
  readonly trails: { begin(exchange: Exchange): Trail | null } | null;
  /** Accounts for a finished request: counters and access log. */
  finished(exchange: Exchange): void;
}
