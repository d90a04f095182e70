/**
 * Every event the machines accept. `nowMs` is the monotonic time of the event: machines have no clock.
 * Upwards (worker to application to pool) events are reports, downwards they are orders.
 */
import type {
  ExitReason,
  Outcome,
  RecycleReason,
  ReloadReason,
  RetireReason,
  StartFailedReason,
} from './exit-reason.js';
import type { ApplicationRules } from './application-states.js';
import type { PoolRules } from './pool-states.js';
import type { StallFinding } from '../protocol/stall-report.js';
import type { WorkerRules } from './worker-states.js';

export type WorkerTimer =
  | 'startup'
  | 'ping'
  | 'pong'
  | 'suspect'
  | 'health'
  | 'idle'
  | 'periodic'
  | 'check'
  | 'terminate'
  | 'limit';

export type WorkerEvent = { readonly nowMs: number } & (
  | { readonly type: 'granted' }
  | { readonly type: 'spawned' }
  | { readonly type: 'hello' }
  | { readonly type: 'listening' }
  | { readonly type: 'linked' }
  | { readonly type: 'linkFailed' }
  | {
      readonly type: 'startFailed';
      readonly status: number;
      readonly subStatus: number;
      readonly reason: StartFailedReason;
    }
  | {
      readonly type: 'exited';
      readonly code: number | null;
      readonly signal: string | null;
      readonly violation: string | null;
      readonly limit?: 'memory' | 'cpu' | null;
    }
  | { readonly type: 'heartbeat'; readonly inFlight: number; readonly quiet: boolean }
  | { readonly type: 'examined'; readonly finding: StallFinding }
  | { readonly type: 'pong' }
  | { readonly type: 'unreachable'; readonly error: string }
  | {
      readonly type: 'activity';
      readonly inFlight: number;
      readonly requestsTotal: number;
      readonly underWayMs: number;
    }
  | { readonly type: 'served' }
  /** The answer to a health check; no answer in time is `healthy: false`. */
  | { readonly type: 'checked'; readonly healthy: boolean }
  /** What the kernel says of its processes, every few seconds. `isStopped`: its main process is stopped. */
  | {
      readonly type: 'measured';
      readonly memoryBytes: number;
      readonly privateBytes: number;
      readonly isStopped: boolean;
    }
  /** Set aside, with its memory given back where the kernel allows; `wake` undoes it. */
  | { readonly type: 'suspend' }
  | { readonly type: 'wake' }
  | { readonly type: 'acknowledged' }
  | { readonly type: 'drained' }
  | { readonly type: 'timer'; readonly name: WorkerTimer }
  /** Leave politely within `limitMs`; a second order can only shorten the first. */
  | { readonly type: 'retire'; readonly reason: RetireReason; readonly limitMs: number }
  | { readonly type: 'killNow' }
  /** Changed settings that hold for running workers too. */
  | { readonly type: 'configure'; readonly rules: WorkerRules }
);

/** Which life of which slot; a new start of a slot is its next generation. */
export interface LifeKey {
  readonly slot: number;
  readonly generation: number;
}

export type ClosedCause = 'Disabled' | 'AppOffline' | 'AppShutdown';

export type ApplicationTimer = 'retry' | 'window';

export type ApplicationEvent = {
  readonly nowMs: number;
} /** The pool is started; `slots` is 1 for a half-open probe. Also sent to widen a probe. */ & (
  | { readonly type: 'open'; readonly slots: number }
  | {
      readonly type: 'close';
      readonly cause: ClosedCause;
      readonly reason: RetireReason;
      readonly limitMs: number;
      /** When a request may try again; 0 = not by itself. */
      readonly retryAtMs: number;
    }
  /** Nothing of it runs or is started until it is online, whatever its pool does. */
  | { readonly type: 'offline' }
  /** As closed by `cause`; its pool opens it if it is started. */
  | { readonly type: 'online'; readonly cause: ClosedCause }
  /** A probe is due: stay closed, but let the next request ask. */
  | { readonly type: 'invite' }
  | { readonly type: 'needWorker' }
  | { readonly type: 'busy' }
  | ({ readonly type: 'running' } & LifeKey)
  | ({ readonly type: 'served' } & LifeKey)
  | ({ readonly type: 'idle' } & LifeKey)
  /** This life hangs and counts as crashed; `answered` as in its end, which follows. */
  | ({ readonly type: 'stalled'; readonly answered: boolean } & LifeKey)
  /** Set aside by hand, or because it is idle; no effect unless it is the running worker of its slot. */
  | ({ readonly type: 'suspend' } & LifeKey)
  | ({ readonly type: 'suspended' } & LifeKey)
  | ({ readonly type: 'resume' } & LifeKey)
  /** Stopped although nothing is wrong with it; the next request starts another. */
  | ({ readonly type: 'evict'; readonly reason: RetireReason } & LifeKey)
  | ({
      readonly type: 'ended';
      readonly outcome: Outcome;
      readonly counts: boolean;
      readonly answered: boolean;
      readonly status: number;
      readonly subStatus: number;
    } & LifeKey)
  | { readonly type: 'timer'; readonly name: ApplicationTimer }
  /** `slot` null = every slot. */
  | { readonly type: 'recycle'; readonly slot: number | null; readonly reason: RecycleReason }
  /** An administrator ends one worker; the next demand brings another. */
  | ({ readonly type: 'stopWorker' } & LifeKey)
  /** New rules; with `restart` the running workers are replaced by ones that know what has changed. */
  | { readonly type: 'configure'; readonly rules: ApplicationRules; readonly restart: ReloadReason | null }
);

export type PoolEvent = { readonly nowMs: number } & (
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'shutdown'; readonly limitMs: number }
  /** An in-process failure that counts. */
  | { readonly type: 'failure' }
  | { readonly type: 'served' }
  /** The last process of the pool is gone. */
  | { readonly type: 'emptied' }
  | { readonly type: 'timer' }
  | { readonly type: 'needWorker'; readonly applicationId: string }
  | { readonly type: 'configure'; readonly rules: PoolRules }
);

/** What a worker machine tells its application about its end. */
export interface EndReport {
  readonly reason: ExitReason;
  readonly outcome: Outcome;
  readonly counts: boolean;
  readonly answered: boolean;
  readonly status: number;
  readonly subStatus: number;
}
