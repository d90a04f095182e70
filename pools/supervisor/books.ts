/** The supervisor's books: what the shell knows beside the machines. Only the effect runner writes them. */
import type { ApplicationConfig, HostingConfig, PoolConfig, SiteConfig } from '../../config/model.js';
import type { Application, Slot } from '../lifecycle/application-states.js';
import type { Pool } from '../lifecycle/pool-states.js';
import type { Worker } from '../lifecycle/worker-states.js';
import type { DrainReceipt } from '../protocol/listener-to-primary.js';
import type { UpstreamEndpoint } from '../protocol/snapshot.js';
import type { StallReport } from '../protocol/stall-report.js';
import type { Heartbeat, JourneyStep, StartFailure, WorkerExit, WorkerHandle } from '../runtimes/runtime.js';
import type { Obituaries } from './obituaries.js';
import type { Attachment } from './ports.js';
import type { Receipts } from './receipts.js';
import type { SpareBook } from './spare-hosts.js';

/** One worker process, from the wish to start it until its process is gone. */
export interface WorkerBook {
  readonly id: number;
  readonly host: HostBook;
  readonly slot: number;
  readonly generation: number;
  readonly replacement: boolean;
  readonly request: {
    readonly pool: PoolConfig;
    readonly application: ApplicationConfig;
    readonly hosting: HostingConfig;
    readonly site: SiteConfig;
  };
  machine: Worker;
  handle: WorkerHandle | null;
  endpoint: UpstreamEndpoint | null;
  pid: number;
  /** Monotonic and wall time of the spawn; 0 = still waiting for its turn. */
  spawnedAtMs: number;
  spawnedWallMs: number;
  failure: StartFailure | null;
  exit: WorkerExit | null;
  /** The steps of its start, once it was ready; a failed start tells them in `failure`. */
  journey: readonly JourneyStep[];
  /** From spawn to ready, and of a warm-up request after that; 0 = not yet, or none. */
  startMs: number;
  warmUpMs: number;
  /** In-process: the newest heartbeat, and its monotonic time. */
  beat: (Heartbeat & { readonly atMs: number }) | null;
  /** In-process: the Node that runs it, as `process.version` has it. */
  node: string;
  /** The black box of its last examination. */
  stall: StallReport | null;
  /** Left alone as it is (failure.orphanWorkerProcess). */
  orphaned: boolean;
  /** Requests that were in flight when listeners lost it, and those of them that were at an earlier crash too. */
  lines: readonly string[];
  suspects: readonly string[];
  /** What became of its requests, from every listener; null = not all have reported yet. */
  tally: DrainReceipt | null;
  /** What was found out about its end; obituary and receipt show it. */
  attachments: readonly Attachment[];
}

export interface LastFailure {
  readonly report: StartFailure;
  readonly atMs: number;
}

/** One application in its pool. */
export interface HostBook {
  readonly id: string;
  /** Tells hosts of the same application apart: one may still be draining while the next one serves. */
  readonly key: string;
  readonly pool: PoolBook;
  config: ApplicationConfig;
  site: SiteConfig;
  machine: Application;
  readonly workers: Map<number, WorkerBook>;
  /** '' or why it does not run, one line for people. */
  problem: string;
  /** The failed start that `problem` is about. */
  lastFailure: LastFailure | null;
  spare: SpareBook;
  /** It was ready or failed at least once. */
  settledOnce: boolean;
  /** No longer configured (here); forgotten when its last process is gone. */
  removed: boolean;
}

export interface PoolBook {
  readonly name: string;
  /** Tells pools of the same name apart: one may still be draining while the next one serves. */
  readonly key: string;
  config: PoolConfig;
  machine: Pool;
  /** Those of the configuration, and those that are leaving it and still have workers. */
  readonly hosts: Set<HostBook>;
  readonly obituaries: Obituaries;
  readonly receipts: Receipts;
  restarts: number;
  /** Sick processes that were left alone; some may be gone. */
  orphans: readonly number[];
  /** No longer configured; forgotten when its last process is gone. */
  removed: boolean;
  /** Resolved when the pool is stopped. */
  readonly whenStopped: (() => void)[];
}

export function workersOf(pool: PoolBook): readonly WorkerBook[] {
  return [...pool.hosts].flatMap((host) => [...host.workers.values()]);
}

export function workerAt(host: HostBook, slot: number, generation: number): WorkerBook | undefined {
  for (const worker of host.workers.values()) {
    if (worker.slot === slot && worker.generation === generation) return worker;
  }
  return undefined;
}

/** A replacement of this slot is under way or due. */
export function isRecycling(slot: Slot): boolean {
  return slot.replacement !== null || slot.pending !== null || slot.owed || slot.current?.phase === 'starting';
}
