/** What the admin API may ask of the server; the primary implements it. */
import type { LiveRequest, RequestFilter } from '../../pools/protocol/live-requests.js';
import type { Readable } from 'node:stream';
import type { DumpWish } from '../../pools/protocol/primary-to-host.js';
import type { Clock } from '../../config/base/clock.js';
import type { PoolView, ReceiptView } from '../../pools/supervisor/ports.js';
import type { ConfigControl } from './config-control.js';
import type { EventHub } from './events/hub.js';
import type { AdminCaller } from './frame/caller.js';
import type { LogReader } from './log-views.js';
import type { NodeView, PoolLimitsView, SiteView } from './site-views.js';
import type { TraceReader } from './trace-views.js';

/** One line of `/readyz?verbose`. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** '' or what is missing. */
  readonly detail: string;
}

export function areOk(checks: readonly ReadinessCheck[]): boolean {
  return checks.every(({ ok }) => ok);
}

export interface ControlPlane {
  readonly clock: Clock;
  /** Of Sluice. */
  readonly version: string;
  /** What happens, as it happens. */
  readonly events: EventHub;
  pools(): readonly PoolView[];
  /** null = there is no such pool. */
  pool(name: string): PoolView | null;
  /** What waits for it now, and what it is held to; null = there is no such pool. */
  poolLimits(name: string): PoolLimitsView | null;
  readonly actions: Actions;
  node(): NodeView;
  sites(): readonly SiteView[];
  /** Asked of the listeners now; settles in bounded time. */
  liveRequests(filter: RequestFilter): Promise<LiveRequestsView>;
  readonly config: ConfigControl;
  /** Loaded or ordered ones; of very many those that end first. */
  certificates(): readonly CertificateView[];
  /** All must be ok for new traffic to be sent to this node. A pool that fails later never changes it. */
  readiness(): readonly ReadinessCheck[];
  /** The first configuration was applied. */
  isStarted(): boolean;
  /** Every log file is opened anew by its name; resolves when nothing is written to the old ones. */
  reopenLogs(): Promise<void>;
  upgradeView(): UpgradeView;
  /** Begins; see `Upgrader.start`. */
  orderUpgrade(reason: string): UpgradeView;
  readonly logs: LogReader;
  readonly traces: TraceReader;
  /** Prometheus text, at most so old. */
  metrics(reuseMs: number): Promise<Buffer>;
}

export interface LiveRequestsView {
  /** Of all that the filter lets through. */
  readonly total: number;
  /** Longest first; of each listener so many at most. `pid` 0 = no worker has it. */
  readonly requests: readonly (LiveRequest & { readonly pid: number })[];
  /** Process ids of listeners that did not answer in time. */
  readonly silentListeners: readonly number[];
}

/** Times are wall clock; 0 = unknown. */
export interface CertificateView {
  readonly kind: 'pem' | 'pfx' | 'store' | 'acme' | 'development';
  /** The name that clients asked for, where the certificate depends on it. */
  readonly host: string;
  /** Path; '' = there is none yet. */
  readonly file: string;
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** `outdated`: its file changed and cannot be used, what was loaded before serves. `missing`: handshakes fail. */
  readonly state: 'good' | 'ends-soon' | 'expired' | 'outdated' | 'missing';
  readonly problem: string;
  /** With kind acme: how it stands with the authority. */
  readonly order: OrderView | null;
}

export interface OrderView {
  readonly state: 'valid' | 'ordering' | 'waiting' | 'failing';
  readonly nextAttemptMs: number;
  readonly failures: number;
  /** Of the last attempt; '' = it was good. */
  readonly problem: string;
}

export const poolActions = ['start', 'stop', 'recycle'] as const;
export type PoolAction = (typeof poolActions)[number];
export const nodeActions = ['drain', 'resume', 'reload'] as const;
export type NodeAction = (typeof nodeActions)[number];
export const applicationActions = ['offline', 'online'] as const;
export type ApplicationAction = (typeof applicationActions)[number];
export const workerActions = ['recycle', 'stop', 'dump', 'suspend', 'resume'] as const;
export type WorkerAction = (typeof workerActions)[number];

/** How the last upgrade of the primary that answers went; it answers as long as it is not succeeded. */
export interface UpgradeView {
  readonly state: 'none' | 'starting' | 'handing-over' | 'handed-over' | 'failed';
  /** The primary that answers. */
  readonly primary: number;
  /** Of that primary. */
  readonly version: string;
  /** The new primary; 0 = none was started. */
  readonly successor: number;
  readonly startedAtMs: number;
  /** '' unless failed. */
  readonly error: string;
}

/** An action under way or ended. Only the last `operationsKept` that ended are known. */
export interface OperationView {
  readonly id: number;
  /** `pool recycle`, `worker stop` ... */
  readonly action: string;
  /** Name of the pool, or id of the worker. */
  readonly target: string;
  readonly pool: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAtMs: number;
  /** 0 = still running. */
  readonly endedAtMs: number;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string } | null;
  /** Receipts of the workers it concerns, as they come. */
  readonly receipts: readonly ReceiptView[];
  /** Path of a dump, else ''. */
  readonly file: string;
}

export interface OperationFile {
  /** A plain name. */
  readonly name: string;
  readonly size: number;
  /** Whoever gets it reads or destroys it. */
  readonly stream: Readable;
}

/**
 * Actions begin at once and end by themselves. An order that asks for nothing but what an action under way does already
 * is answered with that one. Orders throw a SluiceError when the target is unknown, or the caller has too many actions
 * under way.
 */
export interface Actions {
  orderPool(caller: AdminCaller, action: PoolAction, pool: string): OperationView;
  orderWorker(caller: AdminCaller, action: WorkerAction, workerId: number, wish: DumpWish): OperationView;
  orderProfile(caller: AdminCaller, workerId: number, wish: DumpWish): OperationView;
  /** `target`: the name of this node. */
  orderNode(caller: AdminCaller, action: NodeAction, target: string): OperationView;
  orderApplication(caller: AdminCaller, action: ApplicationAction, id: string): OperationView;
  operation(id: number): OperationView | null;
  /** How it ended; every operation ends. */
  whenEnded(id: number): Promise<OperationView>;
  /** Of an operation that has a file. Throws a SluiceError when it is gone or not what it was. */
  openFile(id: number): OperationFile;
}
