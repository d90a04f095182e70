/**
 * The two faces of the supervisor: what it needs from the listeners (implemented by server/primary)
 * and what the primary and the admin API may ask of it.
 */
import type { LogFields } from '../../config/base/logger.js';
import type { CompiledConfig, ProgramConfig } from '../../config/model.js';
import type { DrainReceipt } from '../protocol/listener-to-primary.js';
import type { DumpWish } from '../protocol/primary-to-host.js';
import type { WorkerGoneReason } from '../protocol/primary-to-listener.js';
import type { ExitReason, RecycleReason, RetireReason } from '../lifecycle/exit-reason.js';
import type { ApplicationUpstreams, FailureStep, UpstreamWorker } from '../protocol/snapshot.js';
import type { BlackBoxes } from '../runtimes/black-boxes.js';
import type { Runtime } from '../runtimes/runtime.js';

/** What starts workers, and where the black boxes of those that hang are kept; without it only obituaries hold them. */
export interface Runtimes {
  readonly inProcess: Runtime;
  readonly outOfProcess: Runtime;
  readonly blackBoxes?: BlackBoxes;
  /** Runs a program of the configuration for an event; its end is logged with the fields. */
  runProgram(program: ProgramConfig, about: LogFields): void;
}

/** All listeners of this node as one. Promises settle also when a silent listener was killed. */
export interface ListenerPort {
  /** Sends the new upstreams to every listener and returns the publication number. */
  publish(changed: readonly ApplicationUpstreams[]): number;
  /** Every live listener acknowledged `number` (a listener silent for 2 s is killed and replaced). */
  whenAcknowledged(number: number): Promise<void>;
  /**
   * Asks every live listener to open (or reopen) its link to an in-process worker that is not published
   * yet; `whenLinked` of the same worker is called right after it. Nothing is routed to it by this.
   */
  link(applicationId: string, worker: UpstreamWorker): void;
  /** Every live listener has its link to the worker open. Rejects when one reports a failure. */
  whenLinked(workerId: number): Promise<void>;
  /** Starts draining everywhere; resolves with the sum once nothing of the worker is in flight. */
  drain(workerId: number, noticeAfterMs: number): Promise<DrainReceipt>;
  /** The process is gone or about to be killed; resolves with all that became of its requests, a drain included. */
  gone(workerId: number, reason: WorkerGoneReason): Promise<DrainReceipt>;
  late(workerId: number, late: boolean): void;
}

export type PoolState = 'Starting' | 'Started' | 'Stopping' | 'Stopped';
export type WorkerState = 'starting' | 'running' | 'suspended' | 'draining' | 'stopping';

export type { ExitReason };

export interface WorkerView {
  readonly workerId: number;
  readonly pid: number;
  readonly slot: number;
  readonly generation: number;
  readonly applicationId: string;
  readonly state: WorkerState;
  readonly startedAtMs: number;
  readonly inFlight: number;
  /** 0 = it was not asked for. */
  readonly rssBytes: number;
  /** Requests handed to it so far. */
  readonly requestsTotal: number;
  readonly hostingModel: string;
  /** In-process: the Node that runs it, such as v24.1.0; else ''. */
  readonly node: string;
  /** In-process: what its newest heartbeat said; null = there was none. */
  readonly heartbeat: HeartbeatView | null;
}

export interface HeartbeatView {
  readonly ageMs: number;
  /** From it to the next one, at the latest. */
  readonly intervalMs: number;
  /** How late it came. */
  readonly delayMs: number;
  /** Of its event loop, from 0 to 1. */
  readonly utilization: number;
  readonly heapUsedBytes: number;
}

/** Something found out about the end of a worker: a stack, a profile, a list. Bounded where it is made. */
export interface Attachment {
  /** Closed list of whoever makes it. */
  readonly kind: string;
  readonly text: string;
  /** '' or where the rest lies. */
  readonly file: string;
}

/** How one worker process ended. */
export interface ObituaryView {
  /** Wall time of its end, and of its spawn. */
  readonly atMs: number;
  readonly startedAtMs: number;
  readonly applicationId: string;
  readonly workerId: number;
  readonly slot: number;
  readonly generation: number;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: string | null;
  readonly reason: ExitReason;
  /** Why it was asked to leave; '' = it was not. */
  readonly cause: RetireReason | '';
  /** The event that IIS would log; 0 = it has none. */
  readonly eventId: number;
  /** That and what the ASP.NET Core Module would log. */
  readonly eventIds: readonly number[];
  /** Requests that ended with it: retried elsewhere or cut. */
  readonly inFlight: number;
  /** Their request lines, the first of them, and those that were in flight at an earlier crash too. */
  /** `by SIGKILL: the pool reached resources.memoryMax`, `with exit code 3`. */
  readonly how: string;
  readonly requestsInFlight: readonly string[];
  readonly suspects: readonly string[];
  readonly outputTail: string;
  readonly journey: readonly FailureStep[];
  readonly attachments: readonly Attachment[];
}

export type ReceiptKind = 'recycle' | 'restart' | 'stop';

/** One process of a receipt. */
export interface ReceiptWorker {
  readonly workerId: number;
  readonly generation: number;
  readonly pid: number;
}

/** The ledger of one worker that left, or should have: every recycle, restart and stop ends with one. */
export interface ReceiptView {
  /** Grows by one per receipt of this server. */
  readonly id: number;
  /** Wall time of its end; the duration is from the order (or the crash) to that. */
  readonly atMs: number;
  readonly durationMs: number;
  readonly kind: ReceiptKind;
  readonly cause: RetireReason | ExitReason;
  /** failed: the new worker did not start. After a recycle the old one then keeps serving. */
  readonly outcome: 'done' | 'failed';
  readonly applicationId: string;
  readonly slot: number;
  /** `ended` '' = it still serves. */
  readonly old: ReceiptWorker & { readonly ended: ExitReason | '' };
  /** null: none was needed, or not yet. Times are from spawn to ready, and of the warm-up request after it. */
  readonly successor: (ReceiptWorker & { readonly startMs: number; readonly warmUpMs: number }) | null;
  readonly requests: DrainReceipt;
  /** The event that IIS would log; 0 = it has none. */
  readonly eventId: number;
  readonly attachments: readonly Attachment[];
}

export interface ApplicationView {
  readonly id: string;
  readonly site: string;
  readonly path: string;
  readonly hostingModel: string;
  readonly state:
    | 'idle'
    | 'starting'
    | 'ready'
    | 'failed'
    | 'backing-off'
    | 'rapid-failed'
    | 'misconfigured'
    | 'offline';
  /** '' or one line for people. */
  readonly problem: string;
  /** The process that is ready to become its next worker (processModel.spareHost). */
  readonly spare: 'none' | 'starting' | 'waiting';
  /** The last failed start until one succeeds: the same that the log and a Development page say. */
  readonly failure: StartFailureView | null;
}

export interface StartFailureView {
  readonly atMs: number;
  /** `500.30`, `502.5`. */
  readonly status: string;
  readonly code: string;
  readonly cause: string;
  readonly remedy: string;
  readonly attempts: number;
  readonly journey: readonly FailureStep[];
  readonly outputTail: string;
}

export interface PoolView {
  readonly name: string;
  readonly state: PoolState;
  /** Why it is stopped: '' | 'Disabled' | 'AppOffline' | 'AppShutdown'. */
  readonly stoppedReason: string;
  readonly applications: readonly ApplicationView[];
  readonly workers: readonly WorkerView[];
  readonly restarts: number;
  /** Oldest first. */
  readonly obituaries: readonly ObituaryView[];
  readonly receipts: readonly ReceiptView[];
}

/** What happened, for metrics and log; the supervisor calls it synchronously. */
export interface SupervisorEvents {
  workerStarted(pool: string, applicationId: string, startMs: number): void;
  workerExited(pool: string, applicationId: string, reason: ExitReason): void;
  recycled(pool: string, reason: string): void;
  receipt(pool: string, receipt: ReceiptView): void;
  rapidFail(pool: string): void;
  changed(pool: string): void;
}

/** Orders to one worker. They reject with a SluiceError when it is unknown, or not running where that matters. */
export interface WorkerOrdersPort {
  /** As a recycle of its pool, for this worker alone. */
  recycle(workerId: number): Promise<void>;
  /** Ends it politely; it comes back with the next demand. Resolves when its process is gone. */
  stop(workerId: number): Promise<void>;
  /** Writes what is known of the process to a file that only its pool or root can read; resolves with the path. */
  dump(workerId: number, wish: DumpWish): Promise<string>;
  suspend(workerId: number): Promise<void>;
  resume(workerId: number): Promise<void>;
  /** Every receipt of these workers that is due so far was written; `SupervisorEvents.receipt` has told them. */
  whenReceipted(workerIds: readonly number[]): Promise<void>;
}

/** Applications that an administrator took offline. */
export interface OfflinePort {
  readonly ids: ReadonlySet<string>;
  /** Resolves when every listener refuses its requests and none of its processes is left, or when it is online again. */
  take(applicationId: string): Promise<void>;
  bring(applicationId: string): void;
}

/** What was ordered by hand and differs from the configuration: names of pools, ids of applications. */
export interface StandingOrders {
  readonly offline: readonly string[];
  /** Pools with autoStart that are stopped. */
  readonly stopped: readonly string[];
  /** Pools without it that were started. */
  readonly started: readonly string[];
}

export interface SupervisorPort {
  readonly orders: WorkerOrdersPort;
  readonly offline: OfflinePort;
  /** Reconciles: starts, stops and replaces what the new configuration asks for. Must not throw. */
  apply(config: CompiledConfig): void;
  /** The current upstreams of every application, for a listener that has just said hello. */
  upstreams(): readonly ApplicationUpstreams[];
  needWorker(applicationId: string): void;
  busy(applicationId: string): void;
  served(workerId: number): void;
  unreachable(workerId: number, error: string): void;
  lost(workerId: number, lines: readonly string[], suspects: readonly string[]): void;
  /**
   * What the listeners together know of a worker: requests and tunnels in flight now, and requests
   * handed to it since it was published. Called about once a second for every published worker, idle
   * ones too: idleTimeout and periodicRestart.requests only act on workers reported here. `underWayMs` as in
   * WorkerActivity.
   */
  activity(workerId: number, inFlight: number, requestsTotal: number, underWayMs?: number): void;
  /** `measured` false: without the memory of the workers, which costs a read of /proc for each. */
  view(measured?: boolean): readonly PoolView[];
  /** null = there is no such pool. */
  viewOf(pool: string): PoolView | null;
  /** True once every AlwaysRunning pool has settled once (ready or failed). */
  settled(): boolean;
  /** Resolves when every slot has its new worker, rejects when one could not be started. */
  recyclePool(name: string, reason: RecycleReason): Promise<void>;
  startPool(name: string): Promise<void>;
  stopPool(name: string): Promise<void>;
  standingOrders(): StandingOrders;
  /** Goes on with the orders of another supervisor. Before the first configuration: its pools begin so. */
  inherit(orders: StandingOrders): void;
  /** Drains and stops everything within `limitMs`. */
  stopAll(limitMs: number): Promise<void>;
  /** Kills everything now. */
  killAll(): void;
}
