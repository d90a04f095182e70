import type {
  RouteApplication,
  RoutePool,
  StoredFailure,
  UpstreamEndpoint,
  UpstreamWorker,
} from '../../pools/protocol/snapshot.js';
import type { Affinity } from './affinity.js';
import type { CrashLines } from './crash-lines.js';
import type { Exchange } from './exchange.js';
import { Receipt } from './receipt.js';
import type { PoolCells, RequestCells } from './traffic-cells.js';
import type { Transport } from './upstream.js';
import { WaitList } from './waiter.js';

/** One pool as this listener knows it; lives as long as the pool is in the routes. */
export interface PoolState {
  readonly name: string;
  settings: RoutePool;
  /** maxConcurrentRequests of one worker: this listener's share. */
  concurrencyShare: number;
  /** What this listener may let wait when the primary does not answer. */
  queueShare: number;
  /** Requests that were let in to wait here. */
  waitingHere: number;
  /** Requests of this listener that began in this pool and are not finished. */
  requests: number;
  readonly crashLines: CrashLines;
  readonly cells: PoolCells;
}

/** One application: its workers, and the requests that wait for one. */
export class ApplicationState {
  readonly id: string;
  /** These four are null until the routes name the application; a request under way keeps what it found. */
  route: RouteApplication | null = null;
  pool: PoolState | null = null;
  cells: RequestCells | null = null;
  connectionTimeoutMs = 0;
  /** Null: its pool does not keep clients with a worker. */
  affinity: Affinity | null = null;
  /** Named by the newest routes. */
  isRouted = false;
  /** Requests of this listener that began and are not finished: waiting, under way, tunnels. */
  requests = 0;
  /** Published workers only. */
  workers: Worker[] = [];
  failure: StoredFailure | null = null;
  readonly waiting = new WaitList();
  /** Of requests that lost their worker and rest before they go to another: ends the rest. */
  readonly resting = new Set<() => void>();
  /** Said to the primary since the upstreams changed last. */
  needSaid = false;
  busySaid = false;
  /** Round robin among equals. */
  cursor = 0;

  constructor(id: string) {
    this.id = id;
  }
}

/** One worker process as this listener knows it. */
export class Worker {
  readonly workerId: number;
  readonly slot: number;
  readonly generation: number;
  readonly endpoint: UpstreamEndpoint;
  readonly application: ApplicationState;
  /** Set once, right after construction. */
  transport: Transport | null = null;
  isDraining = false;
  isGone = false;
  /** Its event loop is late. */
  isLate = false;
  /** A connect failed: not used before this time (monotonic ms). */
  restUntilMs = 0;
  /** Requests of this listener under way, without tunnels. */
  inFlight = 0;
  /** In-process: when a request met it with nothing under way (monotonic ms). */
  wokenMs = 0;
  /** Requests whose clients have gone and that the worker has not let go of. */
  abandoned = 0;
  requestsTotal = 0;
  /** Total of all listeners, as its last pong said. */
  totalInFlight = 0;
  hasServed = false;
  readonly tunnels = new Set<Exchange>();
  readonly receipt = new Receipt();
  /** Request lines under way when their connection broke, escaped; for the obituary. */
  lostLines: string[] = [];
  /** Those of them that were under way at an earlier crash too. */
  suspectLines: string[] = [];

  constructor(worker: UpstreamWorker, application: ApplicationState) {
    this.workerId = worker.workerId;
    this.slot = worker.slot;
    this.generation = worker.generation;
    this.endpoint = worker.endpoint;
    this.application = application;
  }

  /** Forgets lines of connections that broke long before the worker itself. */
  forgetStaleLosses(nowMs: number): void {
    if (!this.receipt.isStale(nowMs)) return;
    this.lostLines = [];
    this.suspectLines = [];
  }
}
