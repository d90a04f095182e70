/**
 * What an application host does with its slots: fill empty ones, replace lives in overlap, let lives
 * go. Every function takes the books and returns new ones with the effects that make them true.
 */
import {
  type Application,
  type ApplicationFailure,
  drainingGenerationsMax,
  type Life,
  newSlot,
  type Slot,
  windowRule,
} from './application-states.js';
import type { ApplicationEffect } from './effects.js';
import { isReload, type RecycleReason, type RetireReason } from './exit-reason.js';
import { recoversInMs } from './rapid-fail.js';
import type { Step } from './table.js';

export type ApplicationStep = Step<Application, ApplicationEffect>;
type SlotStep = Step<Slot, ApplicationEffect>;

export function still<M>(machine: M): Step<M, never> {
  return { machine, effects: [] };
}

/** Runs `change` on every slot that `applies` and collects the effects. */
export function eachSlot(
  application: Application,
  applies: (slot: Slot) => boolean,
  change: (slot: Slot) => SlotStep,
): ApplicationStep {
  const effects: ApplicationEffect[] = [];
  const slots = application.slots.map((slot) => {
    if (!applies(slot)) return slot;
    const changed = change(slot);
    effects.push(...changed.effects);
    return changed.machine;
  });
  return { machine: { ...application, slots }, effects };
}

/** Joins two steps: the second sees the books of the first. */
export function andThen(first: ApplicationStep, next: (application: Application) => ApplicationStep): ApplicationStep {
  const second = next(first.machine);
  return { machine: second.machine, effects: [...first.effects, ...second.effects] };
}

export function beginLife(slot: Slot, role: 'current' | 'replacement'): SlotStep {
  const generation = slot.generation + 1;
  const life: Life = { generation, phase: 'starting' };
  const pending = role === 'current' ? null : slot.pending;
  const begun: Slot = { ...slot, generation, owed: false, pending, [role]: life };
  const replacement = role === 'replacement';
  return {
    machine: begun,
    effects: [{ type: 'startWorker', slot: slot.number, generation, replacement }],
  };
}

/** Asks one life of the slot to leave; it stays in the books until its process is gone. */
export function letGo(
  slot: Slot,
  role: 'current' | 'replacement',
  reason: RetireReason,
  limitMs: number | null = null,
): SlotStep {
  const life = slot[role];
  if (life === null) return still(slot);
  const { generation } = life;
  return {
    machine: { ...slot, [role]: null, leaving: [...slot.leaving, generation] },
    effects: [{ type: 'retireWorker', slot: slot.number, generation, reason, limitMs }],
  };
}

export function letAllGo(slot: Slot, reason: RetireReason, limitMs: number | null): SlotStep {
  const old = letGo(slot, 'current', reason, limitMs);
  const young = letGo(old.machine, 'replacement', reason, limitMs);
  const again: ApplicationEffect[] =
    limitMs === null
      ? []
      : slot.leaving.map((generation) => ({
          type: 'retireWorker',
          slot: slot.number,
          generation,
          reason,
          limitMs,
        }));
  return {
    machine: { ...young.machine, wanted: false, owed: false, pending: null, retryAtMs: null },
    effects: [...old.effects, ...young.effects, ...again],
  };
}

/**
 * Replaces the life of a slot. On demand (`recycle`) a start under way is already the replacement asked
 * for; after a change of configuration or files it is not, because it may have read what was before.
 */
export function replaceLife(slot: Slot, reason: RecycleReason, overlap: boolean): SlotStep {
  if (slot.current === null) return still(slot);
  if (isAside(slot)) return dropLife(slot, reason);
  const stale = isReload(reason);
  const underWay = slot.current.phase === 'starting' || slot.replacement !== null;
  if (underWay && !stale) return still(slot);
  if (slot.leaving.length >= drainingGenerationsMax) return still({ ...slot, pending: reason });
  if (slot.current.phase === 'starting') return restartLife({ ...slot, pending: null }, reason);
  const cleared = letGo(slot, 'replacement', reason);
  const ready: Slot = { ...cleared.machine, pending: null, recycleReason: reason };
  const next = overlap ? beginLife(ready, 'replacement') : oweLife(ready, reason);
  return { machine: next.machine, effects: [...cleared.effects, ...next.effects] };
}

/** Replaces the lives of all slots that `applies`: at once, or each when its turn comes. */
export function replaceLives(
  application: Application,
  applies: (slot: Slot) => boolean,
  reason: RecycleReason,
): ApplicationStep {
  const { overlap, rolling } = application.rules;
  return eachSlot(application, applies, (slot) => {
    const waits = rolling && isRunning(slot) && slot.replacement === null;
    if (!waits) return replaceLife(slot, reason, overlap);
    return still({ ...slot, pending: slot.pending === null || isReload(reason) ? reason : slot.pending });
  });
}

/** The next slot of a rolling recycle, once the one before it has its new worker. */
function rollOn(application: Application): ApplicationStep {
  const { overlap, rolling } = application.rules;
  if (!rolling || application.slots.some(isChanging)) return still(application);
  const next = application.slots.find(
    (slot) => slot.pending !== null && isRunning(slot) && slot.leaving.length < drainingGenerationsMax,
  );
  if (next === undefined || next.pending === null) return still(application);
  const reason = next.pending;
  return eachSlot(
    application,
    (slot) => slot === next,
    (slot) => replaceLife({ ...slot, pending: null }, reason, overlap),
  );
}

/** A new worker does not start: the workers that are not replaced yet stay as they are. */
export function endRoll(application: Application): Application {
  if (!application.rules.rolling) return application;
  return { ...application, slots: application.slots.map((slot) => ({ ...slot, pending: null })) };
}

function isChanging(slot: Slot): boolean {
  return slot.replacement !== null || slot.owed || slot.current?.phase === 'starting';
}

function restartLife(slot: Slot, reason: RecycleReason): SlotStep {
  const old = letGo(slot, 'current', reason);
  const young = beginLife(old.machine, 'current');
  return { machine: young.machine, effects: [...old.effects, ...young.effects] };
}

function oweLife(slot: Slot, reason: RecycleReason): SlotStep {
  const gone = letGo(slot, 'current', reason);
  const recycled: ApplicationEffect = { type: 'recycled', slot: slot.number, reason };
  return { machine: { ...gone.machine, owed: true }, effects: [...gone.effects, recycled] };
}

/** Nobody needs it now: the next request starts a new one instead of waking it. */
function dropLife(slot: Slot, reason: RecycleReason): SlotStep {
  const gone = letGo(slot, 'current', reason);
  const recycled: ApplicationEffect = { type: 'recycled', slot: slot.number, reason };
  return { machine: { ...gone.machine, pending: null, wanted: true }, effects: [...gone.effects, recycled] };
}

/** Set aside until the next request; a slot that is being replaced goes on with that instead. */
export function parkLife(slot: Slot): SlotStep {
  if (slot.current?.phase !== 'running' || slot.replacement !== null || slot.pending !== null) return still(slot);
  const { generation } = slot.current;
  return {
    machine: { ...slot, current: { generation, phase: 'parking' }, wanted: false },
    effects: [{ type: 'suspendWorker', slot: slot.number, generation }],
  };
}

/** A suspended life comes back; one that is still on its way there is replaced, because it may take long. */
export function recallLife(slot: Slot): SlotStep {
  if (slot.current?.phase !== 'suspended') return letGo(slot, 'current', 'idle');
  const { generation } = slot.current;
  return {
    machine: { ...slot, current: { generation, phase: 'starting' } },
    effects: [{ type: 'wakeWorker', slot: slot.number, generation }],
  };
}

/** Being set aside, or set aside. */
export function isAside(slot: Slot): boolean {
  return slot.current?.phase === 'parking' || slot.current?.phase === 'suspended';
}

/** Marks the slots that the first request (or AlwaysRunning) brings up. */
export function wantFirst(application: Application): Application {
  const { slotsFirst } = application.rules;
  const slots = application.slots.map((slot) => (slot.number <= slotsFirst ? { ...slot, wanted: true } : slot));
  return { ...application, slots };
}

/** Adds slots, and empties those above the new maximum. */
export function resize(application: Application, reason: RetireReason): ApplicationStep {
  const { slotsMax } = application.rules;
  const missing = Math.max(0, slotsMax - application.slots.length);
  const added = Array.from({ length: missing }, (_, index) => newSlot(application.slots.length + index + 1));
  const grown: Application = { ...application, slots: [...application.slots, ...added] };
  return eachSlot(
    grown,
    (slot) => slot.number > slotsMax,
    (slot) => letAllGo(slot, reason, null),
  );
}

export function isRunning(slot: Slot): boolean {
  return slot.current?.phase === 'running';
}

/** A slot without a life in service that should have one. */
function isDemanded(application: Application, slot: Slot): boolean {
  if ((slot.current !== null && !isAside(slot)) || slot.retryAtMs !== null) return false;
  if (slot.number > application.slotLimit || slot.number > application.rules.slotsMax) return false;
  const demand = application.rules.alwaysRunning || application.waiting || application.slots.some(isRunning);
  return slot.owed || (slot.wanted && demand);
}

/** Without overlap the predecessor's process must be gone first; with it, not too many may be left. */
function mayFill(application: Application, slot: Slot): boolean {
  const leavingMax = application.rules.overlap ? drainingGenerationsMax : 0;
  return slot.current === null && isDemanded(application, slot) && slot.leaving.length <= leavingMax;
}

/**
 * Ends every step of an open application: starts what is wanted and allowed, then reads the state, the
 * stored failure and the timers off the books.
 */
export function settle(application: Application, nowMs: number): ApplicationStep {
  const rule = windowRule(application.rules);
  const blockedMs = application.rules.model === 'OutOfProcess' ? recoversInMs(application.window, rule, nowMs) : 0;
  const recalled = eachSlot(
    application,
    (slot) => isAside(slot) && isDemanded(application, slot),
    (slot) => recallLife(slot),
  );
  const filled =
    blockedMs > 0
      ? recalled
      : andThen(recalled, (books) =>
          eachSlot(
            books,
            (slot) => mayFill(books, slot),
            (slot) => beginLife(slot, 'current'),
          ),
        );
  const rolled = andThen(filled, rollOn);
  return andThen(rolled, (books) => judge(books, nowMs, blockedMs));
}

function judge(books: Application, nowMs: number, blockedMs: number): ApplicationStep {
  const { effects, retryAtMs } = retryTimer(books, nowMs);
  const live = books.slots.some((slot) => slot.current !== null && !isAside(slot));
  const coming = blockedMs === 0 && books.slots.some((slot) => isDemanded(books, slot));
  if (blockedMs > 0) effects.push({ type: 'setTimer', name: 'window', delayMs: blockedMs });
  if (books.slots.some(isRunning)) {
    return show({ ...books, life: 'ready' }, null, effects);
  }
  if (coming || live) return show({ ...books, life: 'starting' }, null, effects);
  // A worker that is set aside can serve whatever became of the others.
  if (books.slots.some(isAside)) return show({ ...books, life: 'idle' }, null, effects);
  const { status, subStatus } = books.lastStatus;
  if (blockedMs > 0) {
    const failure = { status: 502, subStatus: 5, reason: 'RapidFail', retryAtMs: nowMs + blockedMs } as const;
    return show({ ...books, life: 'rapidFailed', waiting: false }, failure, effects);
  }
  if (retryAtMs !== null) {
    const failure = { status, subStatus, reason: 'StartFailed', retryAtMs } as const;
    return show({ ...books, life: 'backingOff', waiting: false }, failure, effects);
  }
  return show({ ...books, life: 'idle' }, null, effects);
}

/** One timer for the earliest slot that may be tried again. */
function retryTimer(books: Application, nowMs: number): { effects: ApplicationEffect[]; retryAtMs: number | null } {
  const due = books.slots.map((slot) => slot.retryAtMs).filter((at) => at !== null);
  if (due.length === 0) return { effects: [{ type: 'cancelTimer', name: 'retry' }], retryAtMs: null };
  const retryAtMs = Math.min(...due);
  return { effects: [{ type: 'setTimer', name: 'retry', delayMs: Math.max(0, retryAtMs - nowMs) }], retryAtMs };
}

function show(
  application: Application,
  failure: ApplicationFailure | null,
  effects: readonly ApplicationEffect[],
): ApplicationStep {
  const shown: ApplicationEffect[] = sameFailure(application.failure, failure) ? [] : [{ type: 'publish' }];
  return { machine: { ...application, failure }, effects: [...effects, ...shown] };
}

function sameFailure(a: ApplicationFailure | null, b: ApplicationFailure | null): boolean {
  if (a === null || b === null) return a === b;
  return a.status === b.status && a.subStatus === b.subStatus && a.reason === b.reason && a.retryAtMs === b.retryAtMs;
}
