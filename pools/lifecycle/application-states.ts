/** States of one application host: the slots of an application and the worker lives in them. */
import type { HostingModel } from '../../config/model.js';
import type { ClosedCause } from './events.js';
import type { RecycleReason } from './exit-reason.js';
import { emptyWindow, type FailureWindow, perMinuteRule, type WindowRule } from './rapid-fail.js';

/**
 * Life of an application host. `closed`: its pool is not started. `idle`: no worker, the next request
 * starts one. `starting`: no worker yet, one is coming. `ready`: at least one worker is running.
 * `backingOff`: requests get the stored failure until the delay is over. `rapidFailed`: too many
 * out-of-process failures in a minute, recovers by itself. `misconfigured`: nothing is ever started.
 * `offline`: by hand, whatever its pool does.
 *
 * @diagram
 *   closed        --open-->       idle | starting
 *   closed        --configure-->  misconfigured
 *   idle          --needWorker--> starting | backingOff | rapidFailed
 *   idle          --open-->       starting | backingOff | rapidFailed
 *   idle          --close-->      closed
 *   idle          --configure-->  starting | backingOff | rapidFailed | misconfigured
 *   idle          --ended-->      starting | backingOff | rapidFailed
 *   idle          --evict-->      starting | backingOff | rapidFailed
 *   idle          --recycle-->    starting | backingOff | rapidFailed
 *   idle          --suspended-->  starting | backingOff | rapidFailed
 *   idle          --timer-->      starting | backingOff | rapidFailed
 *   idle          --resume-->     starting | backingOff | rapidFailed
 *   starting      --running-->    ready
 *   starting      --ended-->      idle | backingOff | rapidFailed
 *   starting      --stopWorker--> idle | backingOff | rapidFailed
 *   starting      --close-->      closed
 *   starting      --configure-->  idle | backingOff | rapidFailed | misconfigured
 *   starting      --evict-->      idle | backingOff | rapidFailed
 *   starting      --suspended-->  idle | backingOff | rapidFailed
 *   starting      --resume-->     idle | backingOff | rapidFailed
 *   ready         --ended-->      idle | starting | backingOff | rapidFailed
 *   ready         --idle-->       idle | starting | backingOff | rapidFailed
 *   ready         --recycle-->    idle | starting | backingOff | rapidFailed
 *   ready         --stopWorker--> idle | starting | backingOff | rapidFailed
 *   ready         --suspend-->    idle | starting | backingOff | rapidFailed
 *   ready         --evict-->      idle | starting | backingOff | rapidFailed
 *   ready         --close-->      closed
 *   ready         --configure-->  idle | starting | backingOff | rapidFailed | misconfigured
 *   ready         --stalled-->    idle | starting | backingOff | rapidFailed
 *   backingOff    --timer-->      idle | starting
 *   backingOff    --open-->       idle | starting
 *   backingOff    --close-->      closed
 *   backingOff    --configure-->  idle | starting | misconfigured
 *   rapidFailed   --timer-->      idle | starting | backingOff
 *   rapidFailed   --ended-->      idle | starting | backingOff
 *   rapidFailed   --recycle-->    idle | starting | backingOff
 *   rapidFailed   --open-->       idle | starting
 *   rapidFailed   --close-->      closed
 *   rapidFailed   --configure-->  idle | starting | backingOff | misconfigured
 *   misconfigured --configure-->  closed | idle | starting
 *   closed        --offline-->    offline
 *   idle          --offline-->    offline
 *   starting      --offline-->    offline
 *   ready         --offline-->    offline
 *   backingOff    --offline-->    offline
 *   rapidFailed   --offline-->    offline
 *   misconfigured --offline-->    offline
 *   offline       --online-->     closed | misconfigured
 */
export type ApplicationLife =
  | 'closed'
  | 'idle'
  | 'starting'
  | 'ready'
  | 'backingOff'
  | 'rapidFailed'
  | 'misconfigured'
  | 'offline';

export interface ApplicationRules {
  readonly model: HostingModel;
  /** Slots started together by the first request (processModel.maxProcesses). */
  readonly slotsFirst: number;
  /** All slots; those above `slotsFirst` start one by one when every running worker is busy. */
  readonly slotsMax: number;
  readonly alwaysRunning: boolean;
  /** processModel.idleTimeoutAction. */
  readonly suspendsIdle: boolean;
  /** false = recycling.disallowOverlappingRotation. */
  readonly overlap: boolean;
  /** Slots are recycled one after the other, and no further one when a new worker does not start. */
  readonly rolling: boolean;
  /** null = failure.rapidFailProtection of its pool is off, and this with it. */
  readonly rapidFailsPerMinute: number | null;
  /** Not null = the configuration of this application is refused with that status. */
  readonly refused: { readonly status: number; readonly subStatus: number } | null;
}

/** One worker process as its slot sees it. */
export interface Life {
  readonly generation: number;
  /** `parking`: it is being set aside; `suspended`: it is, and can be woken. */
  readonly phase: 'starting' | 'running' | 'parking' | 'suspended';
}

export interface Slot {
  readonly number: number;
  readonly generation: number;
  readonly current: Life | null;
  /** Starts or waits to be promoted while `current` keeps serving. */
  readonly replacement: Life | null;
  /** Generations that were asked to leave and still have a process. */
  readonly leaving: readonly number[];
  readonly wanted: boolean;
  /** A start is owed when the predecessor is gone (recycling without overlap). */
  readonly owed: boolean;
  /** A recycle waits until fewer predecessors are draining, or for its turn in a rolling one. */
  readonly pending: RecycleReason | null;
  readonly recycleReason: RecycleReason;
  /** Failed starts in a row, and whether a worker of this slot had run before them. */
  readonly failedStarts: number;
  readonly lived: boolean;
  /** Failed starts and unanswered lives in a row. */
  readonly fruitless: number;
  /** No start before the `retry` timer has passed this time; null = may start. */
  readonly retryAtMs: number | null;
}

/** What requests are answered with instead of waiting. */
export interface ApplicationFailure {
  readonly status: number;
  readonly subStatus: number;
  readonly reason: 'StartFailed' | 'RapidFail' | 'Misconfigured' | 'ApplicationOffline' | ClosedCause;
  /** Monotonic time from which a request may try again; 0 = unknown. */
  readonly retryAtMs: number;
}

export interface Application {
  readonly life: ApplicationLife;
  readonly rules: ApplicationRules;
  readonly slots: readonly Slot[];
  /** The pool is started (kept while misconfigured, so that a repaired configuration can go on). */
  readonly open: boolean;
  /** Upper bound of slots in use; 1 during a half-open probe. */
  readonly slotLimit: number;
  /** A request waits for a worker. */
  readonly waiting: boolean;
  readonly window: FailureWindow;
  readonly lastStatus: { readonly status: number; readonly subStatus: number };
  readonly failure: ApplicationFailure | null;
}

/** More generations of a slot than this are never draining at once; a further recycle waits. */
export const drainingGenerationsMax = 2;

export function windowRule(rules: ApplicationRules): WindowRule {
  return perMinuteRule(rules.rapidFailsPerMinute);
}

/** A closed application; its pool opens it. */
export function newApplication(rules: ApplicationRules, cause: ClosedCause): Application {
  const startFailed = rules.model === 'InProcess' ? { status: 500, subStatus: 30 } : { status: 502, subStatus: 5 };
  const closed: ApplicationFailure = { status: 503, subStatus: 0, reason: cause, retryAtMs: 0 };
  return {
    life: rules.refused === null ? 'closed' : 'misconfigured',
    rules,
    slots: Array.from({ length: rules.slotsMax }, (_, index) => newSlot(index + 1)),
    open: false,
    slotLimit: Number.MAX_SAFE_INTEGER,
    waiting: false,
    window: emptyWindow,
    lastStatus: startFailed,
    failure: rules.refused === null ? closed : misconfigured(rules.refused),
  };
}

export function misconfigured(refused: { readonly status: number; readonly subStatus: number }): ApplicationFailure {
  return { status: refused.status, subStatus: refused.subStatus, reason: 'Misconfigured', retryAtMs: 0 };
}

export function newSlot(number: number): Slot {
  return {
    number,
    generation: 0,
    current: null,
    replacement: null,
    leaving: [],
    wanted: false,
    owed: false,
    pending: null,
    recycleReason: 'on-demand',
    failedStarts: 0,
    lived: false,
    fruitless: 0,
    retryAtMs: null,
  };
}

/** Where a life stands in its slot; null = unknown, long gone. */
export function roleOf(application: Application, slot: number, generation: number): LifeRole | null {
  const found = application.slots.find((candidate) => candidate.number === slot);
  if (found === undefined) return null;
  if (found.current?.generation === generation) return 'current';
  if (found.replacement?.generation === generation) return 'replacement';
  return found.leaving.includes(generation) ? 'leaving' : null;
}

export type LifeRole = 'current' | 'replacement' | 'leaving';
