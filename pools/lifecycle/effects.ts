/** Every effect the machines may ask of the shell. Timers are named and belong to the machine that set them. */
import type { ApplicationTimer, ClosedCause, EndReport, LifeKey, WorkerTimer } from './events.js';
import type { RecycleReason, RetireReason } from './exit-reason.js';

export type WorkerEffect =
  | { readonly type: 'spawn' }
  /** Have every listener open its link; answered by `linked` or `linkFailed`. */
  | { readonly type: 'openLink' }
  | { readonly type: 'ping' }
  /** Send the application's upstreams anew: this worker enters or leaves them. */
  | { readonly type: 'publish' }
  /** Answered by `acknowledged` once no listener uses this worker for new requests. */
  | { readonly type: 'awaitAcknowledgement' }
  /** Answered by `drained`. `ends`: the worker itself is told, because it does not come back. */
  | { readonly type: 'drain'; readonly noticeAfterMs: number; readonly ends: boolean }
  | { readonly type: 'suspend' }
  | { readonly type: 'resume' }
  /** Answered by `checked`. */
  | { readonly type: 'check' }
  /** Leaves the process alone from now on, or kills it if too many were left so. Answered by `exited`. */
  | { readonly type: 'orphan' }
  | { readonly type: 'terminate' }
  | { readonly type: 'kill' }
  | { readonly type: 'gone'; readonly reason: 'crash' | 'stopped' | 'killed' }
  | { readonly type: 'late'; readonly late: boolean }
  /** Why is it silent? With `capture` its black box is read; answered by `examined`. */
  | { readonly type: 'examine'; readonly capture: boolean }
  | { readonly type: 'setTimer'; readonly name: WorkerTimer; readonly delayMs: number }
  | { readonly type: 'cancelTimer'; readonly name: WorkerTimer }
  | { readonly type: 'cancelTimers' }
  | { readonly type: 'reportRunning' }
  | { readonly type: 'reportSuspended' }
  | { readonly type: 'reportAwake' }
  | { readonly type: 'reportServed' }
  | { readonly type: 'reportIdle' }
  /** It hangs: its slot needs another worker now, its own end follows. */
  | { readonly type: 'reportStalled'; readonly silentMs: number }
  /** Once per suspicion. */
  | { readonly type: 'reportSuspected'; readonly error: string }
  | { readonly type: 'reportRecycleDue'; readonly why: RecycleReason }
  | { readonly type: 'reportEnded'; readonly end: EndReport };

export type ApplicationEffect =
  /** `replacement` when an older life of the slot keeps serving meanwhile. */
  | ({ readonly type: 'startWorker'; readonly replacement: boolean } & LifeKey)
  /** `limitMs` null = the worker's own shutdownTimeLimit. */
  | ({ readonly type: 'retireWorker'; readonly reason: RetireReason; readonly limitMs: number | null } & LifeKey)
  | ({ readonly type: 'suspendWorker' } & LifeKey)
  | ({ readonly type: 'wakeWorker' } & LifeKey)
  | { readonly type: 'publish' }
  | { readonly type: 'setTimer'; readonly name: ApplicationTimer; readonly delayMs: number }
  | { readonly type: 'cancelTimer'; readonly name: ApplicationTimer }
  | { readonly type: 'recycled'; readonly slot: number; readonly reason: RecycleReason }
  | { readonly type: 'recycleFailed'; readonly slot: number; readonly reason: RecycleReason }
  | { readonly type: 'rapidFailed' };

export type PoolEffect =
  | { readonly type: 'open'; readonly slots: number }
  | {
      readonly type: 'close';
      readonly cause: ClosedCause;
      readonly reason: RetireReason;
      readonly limitMs: number;
      readonly retryAtMs: number;
    }
  | { readonly type: 'invite' }
  | { readonly type: 'needWorker'; readonly applicationId: string }
  | { readonly type: 'setTimer'; readonly delayMs: number }
  | { readonly type: 'cancelTimer' }
  | { readonly type: 'tripped' };
