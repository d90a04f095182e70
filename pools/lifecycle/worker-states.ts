/** States of one worker process, from the wish to start it to the end of its process. */
import { heartbeatIntervalMs } from '../../config/base/limits.js';
import type { HostingModel } from '../../config/model.js';
import type { StallFinding } from '../protocol/stall-report.js';
import type { KillReason, RetireReason } from './exit-reason.js';

/**
 * Life of a worker. `queued` waits for its turn in the
 * node-wide start limit (`granted`), `starting` for the host's hello,
 * `loading` until the app listens, `linking` for the listeners' links, `running` is published,
 * `leaving` waits until every listener has stopped choosing it, `draining` until its requests are done.
 * `stalled` hangs: its slot is filled anew already, and it is killed once the black box is read.
 * An idle worker may be set aside instead of stopped: `parking` and `emptying` are to it what `leaving`
 * and `draining` are to one that ends; `suspended` is a stopped process that the next request wakes.
 * `running` may be killed at any time; `exited` ends every state that has a process.
 *
 * @diagram
 *   queued      --granted-->      starting
 *   queued      --retire-->       gone
 *   queued      --killNow-->      gone
 *   starting    --hello-->        loading
 *   starting    --listening-->    linking | running
 *   starting    --startFailed-->  killing | gone
 *   starting    --timer-->        killing
 *   starting    --retire-->       terminating
 *   starting    --killNow-->      killing
 *   starting    --exited-->       gone
 *   loading     --listening-->    linking | running
 *   loading     --startFailed-->  killing | gone
 *   loading     --timer-->        killing
 *   loading     --retire-->       terminating
 *   loading     --killNow-->      killing
 *   loading     --exited-->       gone
 *   linking     --linked-->       running
 *   linking     --linkFailed-->   killing
 *   linking     --startFailed-->  killing | gone
 *   linking     --timer-->        killing
 *   linking     --retire-->       terminating
 *   linking     --killNow-->      killing
 *   linking     --exited-->       gone
 *   running     --timer-->        stalled | killing
 *   running     --unreachable-->  killing
 *   running     --checked-->      killing
 *   running     --measured-->     killing
 *   running     --suspend-->      parking
 *   running     --retire-->       leaving
 *   running     --killNow-->      killing
 *   running     --exited-->       gone
 *   parking     --acknowledged--> emptying
 *   parking     --retire-->       leaving
 *   parking     --killNow-->      killing
 *   parking     --exited-->       gone
 *   emptying    --drained-->      suspended
 *   emptying    --retire-->       draining
 *   emptying    --killNow-->      killing
 *   emptying    --exited-->       gone
 *   suspended   --wake-->         linking | running
 *   suspended   --retire-->       terminating
 *   suspended   --killNow-->      killing
 *   suspended   --exited-->       gone
 *   stalled     --examined-->     killing
 *   stalled     --timer-->        killing
 *   stalled     --killNow-->      killing
 *   stalled     --exited-->       gone
 *   leaving     --acknowledged--> draining
 *   leaving     --timer-->        terminating | killing
 *   leaving     --killNow-->      killing
 *   leaving     --exited-->       gone
 *   draining    --drained-->      terminating
 *   draining    --timer-->        terminating | killing
 *   draining    --killNow-->      killing
 *   draining    --exited-->       gone
 *   terminating --timer-->        killing
 *   terminating --killNow-->      killing
 *   terminating --startFailed-->  gone
 *   terminating --exited-->       gone
 *   killing     --startFailed-->  gone
 *   killing     --exited-->       gone
 */
export type WorkerLife =
  | 'queued'
  | 'starting'
  | 'loading'
  | 'linking'
  | 'running'
  | 'stalled'
  | 'parking'
  | 'emptying'
  | 'suspended'
  | 'leaving'
  | 'draining'
  | 'terminating'
  | 'killing'
  | 'gone';

/** Settings of one life, fixed when it starts. Times in milliseconds; 0 = off where a setting says so. */
export interface WorkerRules {
  readonly model: HostingModel;
  /**
   * Until the host's hello; 0 = there is no hello. Like the next one longer than what the runtime itself allows
   * (startupTimeLimit), which knows the cause: it only ends a start that the runtime has lost sight of.
   */
  readonly helloLimitMs: number;
  /** Until the app listens, all attempts together. */
  readonly listenLimitMs: number;
  readonly linkLimitMs: number;
  /** Drain and stop together (processModel.shutdownTimeLimit). */
  readonly shutdownLimitMs: number;
  /** From the polite stop to SIGKILL (aspNetCore shutdownTimeLimit). */
  readonly exitLimitMs: number;
  readonly pingIntervalMs: number;
  readonly pingResponseMs: number;
  readonly suspectLimitMs: number;
  /** 0 = this model has no heartbeat. */
  readonly lateMs: number;
  readonly hangMs: number;
  readonly idleTimeoutMs: number;
  readonly periodicTimeMs: number;
  readonly periodicRequests: number;
  readonly periodicMemoryBytes: number;
  readonly periodicPrivateBytes: number;
  /** Out-of-process health check; 0 = none. */
  readonly checkIntervalMs: number;
  /** Checks in a row that fail before the worker is killed. */
  readonly checkFailures: number;
  /** A sick process is left alone for inspection instead of killed (failure.orphanWorkerProcess). */
  readonly orphan: boolean;
}

/** What is known of the event loop and the use of a running worker. */
export interface Health {
  readonly late: boolean;
  readonly lastBeatMs: number;
  /** Until the next heartbeat at most, by what the last one said. */
  readonly beatIntervalMs: number;
  /** Requests in flight by the host's own count (heartbeat), and by the listeners', which know tunnels too. */
  readonly hostInFlight: number;
  readonly listenersInFlight: number;
  readonly requestsTotal: number;
  /** Requests before its last suspension; listeners count from zero afterwards. */
  readonly requestsBefore: number;
  /** The last moment with a request in flight, or with a new one since the report before. */
  readonly lastUseMs: number;
  /** The listeners report this worker: only then may it be called idle. */
  readonly reported: boolean;
  /** When a recycle was asked for last; null = never. */
  readonly recycleAskedMs: number | null;
  /** Since when an out-of-process worker is seen stopped by a signal that is not ours; null = it runs. */
  readonly stoppedSinceMs: number | null;
  /** Health checks in a row that failed. */
  readonly failedChecks: number;
  /** Asked since the last heartbeat: for the state of the process alone, or for the black box too. */
  readonly examining: 'nothing' | 'state' | 'capture';
  readonly findings: readonly StallFinding[];
}

/** What is known of the reachability of a running worker. */
export interface Suspicion {
  /** Since the first report; over with the `suspect` timer. */
  readonly isOpen: boolean;
  /** Reached again since the last report. */
  readonly isProven: boolean;
  /** Suspicions of this window of time, and when it began. */
  readonly count: number;
  readonly windowFromMs: number;
}

export interface StopPlan {
  readonly noticeAtMs: number;
  readonly terminateAtMs: number;
  readonly deadlineMs: number;
}

export interface Worker {
  readonly life: WorkerLife;
  readonly rules: WorkerRules;
  readonly spawned: boolean;
  readonly listened: boolean;
  readonly ran: boolean;
  /** Monotonic time at which it ran first; its age counts from here. */
  readonly ranAtMs: number;
  readonly answered: boolean;
  readonly retired: RetireReason | null;
  readonly killed: KillReason | 'shutdown-timeout' | null;
  readonly status: number;
  readonly subStatus: number;
  readonly health: Health;
  readonly suspicion: Suspicion;
  readonly stop: StopPlan | null;
}

export function inFlight(health: Health): number {
  return Math.max(health.hostInFlight, health.listenersInFlight);
}

/** Holds a place in the node-wide start limit. */
export function isStarting(life: WorkerLife): boolean {
  return life === 'starting' || life === 'loading' || life === 'linking';
}

/** May be named in a publication. */
export function isEligible(life: WorkerLife): boolean {
  return life === 'running';
}

export function newWorker(rules: WorkerRules): Worker {
  const health: Health = {
    late: false,
    lastBeatMs: 0,
    beatIntervalMs: heartbeatIntervalMs,
    hostInFlight: 0,
    listenersInFlight: 0,
    requestsTotal: 0,
    requestsBefore: 0,
    lastUseMs: 0,
    reported: false,
    recycleAskedMs: null,
    stoppedSinceMs: null,
    failedChecks: 0,
    examining: 'nothing',
    findings: [],
  };
  return {
    life: 'queued',
    rules,
    spawned: false,
    listened: false,
    ran: false,
    ranAtMs: 0,
    answered: false,
    retired: null,
    killed: null,
    status: rules.model === 'InProcess' ? 500 : 502,
    subStatus: rules.model === 'InProcess' ? 30 : 5,
    health,
    suspicion: { isOpen: false, isProven: false, count: 0, windowFromMs: 0 },
    stop: null,
  };
}

/**
 * When a worker that must leave within `limitMs` is told what: tunnels get their notice at the limit
 * less min(10 s, 20 %), are cut 1 s later, and then the process is asked to end.
 */
export function planStop(nowMs: number, limitMs: number): StopPlan {
  const notice = limitMs - Math.min(10_000, limitMs * 0.2);
  const terminate = Math.min(notice + 1_000, (notice + limitMs) / 2);
  return { noticeAtMs: nowMs + notice, terminateAtMs: nowMs + terminate, deadlineMs: nowMs + limitMs };
}
