/** What the cells of the application table do. */
import { type Application, roleOf, type Slot, windowRule } from './application-states.js';
import { isSlot, refuse, stayClosed } from './application-closing.js';
import { backoffMs } from './backoff.js';
import type { ApplicationEffect } from './effects.js';
import type { ApplicationEvent, LifeKey } from './events.js';
import { addFailure, emptyWindow, isTripped } from './rapid-fail.js';
import {
  type ApplicationStep,
  andThen,
  eachSlot,
  letAllGo,
  isAside,
  letGo,
  parkLife,
  recallLife,
  endRoll,
  replaceLife,
  replaceLives,
  resize,
  settle,
  still,
  wantFirst,
} from './slots.js';
import type { Step } from './table.js';

type Of<T extends ApplicationEvent['type']> = Extract<ApplicationEvent, { readonly type: T }>;
type SlotStep = Step<Slot, ApplicationEffect>;

// --- pool orders

/** A manual start: delays and counters of the past are forgotten. */
export function open(application: Application, event: Of<'open'>): ApplicationStep {
  const fresh = forgive({ ...application, open: true, slotLimit: event.slots });
  return settle(application.rules.alwaysRunning ? wantFirst(fresh) : fresh, event.nowMs);
}

/** A probe succeeded: the other slots of an application in service come up too. */
export function widen(application: Application, event: Of<'open'>): ApplicationStep {
  return settle(wantFirst({ ...application, slotLimit: event.slots }), event.nowMs);
}

export function noteOpen(application: Application, event: Of<'open'>): ApplicationStep {
  return still({ ...application, open: true, slotLimit: event.slots });
}

// --- demand

export function needWorker(application: Application, event: Of<'needWorker'>): ApplicationStep {
  return settle(wantFirst({ ...application, waiting: true }), event.nowMs);
}

/** Waits for nothing: the request that found every worker busy is already with one of them. */
export function busy(application: Application, event: Of<'busy'>): ApplicationStep {
  const free = application.slots.find(
    (slot) =>
      (slot.current === null || isAside(slot)) && slot.retryAtMs === null && slot.number <= application.rules.slotsMax,
  );
  const starting = application.slots.some((slot) => slot.current?.phase === 'starting');
  if (free === undefined || starting) return still(application);
  const wanted = eachSlot(
    application,
    (slot) => slot.number === free.number,
    (slot) => still({ ...slot, wanted: true }),
  );
  return settle(wanted.machine, event.nowMs);
}

// --- reports of workers

export function running(application: Application, event: Of<'running'>): ApplicationStep {
  const changed = eachSlot({ ...application, waiting: false }, isSlot(event), (slot) => promote(slot, event));
  return andThen(changed, (books) => settle(books, event.nowMs));
}

/** The new life enters the publication in the same step in which the old one leaves it. */
function promote(slot: Slot, event: LifeKey): SlotStep {
  if (slot.current?.generation === event.generation) {
    return still({ ...slot, current: { ...slot.current, phase: 'running' }, failedStarts: 0, lived: true });
  }
  if (slot.replacement?.generation !== event.generation) return still(slot);
  const young = { ...slot.replacement, phase: 'running' } as const;
  const reason = slot.recycleReason;
  const old = letGo(slot, 'current', reason);
  const machine: Slot = { ...old.machine, current: young, replacement: null, failedStarts: 0, lived: true };
  return { machine, effects: [...old.effects, { type: 'recycled', slot: slot.number, reason }] };
}

export function served(application: Application, event: Of<'served'>): ApplicationStep {
  return eachSlot(application, isSlot(event), (slot) =>
    still(slot.current?.generation === event.generation ? { ...slot, fruitless: 0 } : slot),
  );
}

export function idle(application: Application, event: Of<'idle'>): ApplicationStep {
  if (application.rules.alwaysRunning || roleOf(application, event.slot, event.generation) !== 'current') {
    return still(application);
  }
  const released = eachSlot({ ...application, waiting: false }, isSlot(event), (slot) =>
    application.rules.suspendsIdle ? parkLife(slot) : letAllGo(slot, 'idle', null),
  );
  return andThen(released, (books) => settle(books, event.nowMs));
}

/** By hand: also a worker that would always run. */
export function suspend(application: Application, event: Of<'suspend'>): ApplicationStep {
  if (roleOf(application, event.slot, event.generation) !== 'current') return still(application);
  const parked = eachSlot({ ...application, waiting: false }, isSlot(event), parkLife);
  return andThen(parked, (books) => settle(books, event.nowMs));
}

/** A request may have come on the way; then it has been asked to leave instead. */
export function suspended(application: Application, event: Of<'suspended'>): ApplicationStep {
  const noted = eachSlot(application, isSlot(event), (slot) =>
    still(
      slot.current?.generation === event.generation && slot.current.phase === 'parking'
        ? { ...slot, current: { ...slot.current, phase: 'suspended' } }
        : slot,
    ),
  );
  return andThen(noted, (books) => settle(books, event.nowMs));
}

/** By hand; requests do it by themselves. */
export function resume(application: Application, event: Of<'resume'>): ApplicationStep {
  const woken = eachSlot(application, isSlot(event), (slot) =>
    slot.current?.generation === event.generation && slot.current.phase === 'suspended'
      ? recallLife({ ...slot, wanted: true })
      : still(slot),
  );
  return andThen(woken, (books) => settle(books, event.nowMs));
}

export function evict(application: Application, event: Of<'evict'>): ApplicationStep {
  if (roleOf(application, event.slot, event.generation) !== 'current') return still(application);
  const released = eachSlot({ ...application, waiting: false }, isSlot(event), (slot) =>
    letAllGo(slot, event.reason, null),
  );
  return andThen(released, (books) => settle(books, event.nowMs));
}

/** What still has demand (waiting requests, AlwaysRunning) is filled again at once. */
export function stopWorker(application: Application, event: Of<'stopWorker'>): ApplicationStep {
  if (roleOf(application, event.slot, event.generation) !== 'current') return still(application);
  const wanted = application.waiting || application.rules.alwaysRunning;
  const released = eachSlot(application, isSlot(event), (slot) => {
    const gone = letAllGo(slot, 'worker-stopped', null);
    return { machine: { ...gone.machine, wanted }, effects: gone.effects };
  });
  return andThen(released, (books) => settle(books, event.nowMs));
}

/** As the crash it is, but for its process, which is still there: the next life starts beside it. */
export function stalled(application: Application, event: Of<'stalled'>): ApplicationStep {
  if (roleOf(application, event.slot, event.generation) !== 'current') return still(application);
  const crash = { outcome: 'crashed', answered: event.answered, nowMs: event.nowMs } as const;
  const changed = eachSlot(application, isSlot(event), (slot) => {
    const { machine, effects } = currentEnded(slot, crash);
    return { machine: { ...machine, owed: true, leaving: [...machine.leaving, event.generation] }, effects };
  });
  return andThen(changed, (books) => settle(books, event.nowMs));
}

/** A process that is gone, while the application may start others. */
export function ended(application: Application, event: Of<'ended'>): ApplicationStep {
  const role = roleOf(application, event.slot, event.generation);
  if (role === null) return still(application);
  const counted = role === 'current' ? countFailure(application, event) : still(application);
  const changed = andThen(counted, (books) =>
    eachSlot(books, isSlot(event), (slot) => {
      if (role === 'leaving') return left(slot, event, application.rules.overlap);
      return role === 'replacement' ? replacementEnded(slot) : currentEnded(slot, event);
    }),
  );
  const failed = role !== 'leaving' && event.outcome === 'start-failed';
  const rolled = failed ? { ...changed, machine: endRoll(changed.machine) } : changed;
  return andThen(rolled, (books) => settle(books, event.nowMs));
}

/** Out-of-process failures count here; a start counts once, however often the runtime tried. */
function countFailure(application: Application, event: Of<'ended'>): ApplicationStep {
  const { status, subStatus } = event;
  const seen: Application =
    event.outcome === 'stopped' ? application : { ...application, lastStatus: { status, subStatus } };
  if (application.rules.model === 'InProcess' || !event.counts) return still(seen);
  const rule = windowRule(application.rules);
  const window = addFailure(application.window, rule, event.nowMs);
  const trips = isTripped(window, rule, event.nowMs) && !isTripped(application.window, rule, event.nowMs);
  return { machine: { ...seen, window }, effects: trips ? [{ type: 'rapidFailed' }] : [] };
}

function currentEnded(slot: Slot, event: Pick<Of<'ended'>, 'outcome' | 'answered' | 'nowMs'>): SlotStep {
  // What replaces it reads everything anew, unless it was on its way before.
  const pending = slot.replacement === null ? null : slot.pending;
  const empty: Slot = { ...slot, current: slot.replacement, replacement: null, pending };
  if (event.outcome === 'stopped') return still(empty);
  if (event.outcome === 'crashed') {
    const fruitless = event.answered ? 0 : slot.fruitless + 1;
    const delayMs = backoffMs(fruitless);
    return still({ ...empty, fruitless, retryAtMs: delayMs > 0 ? event.nowMs + delayMs : null });
  }
  // The first failed start in a row after a live worker may have been bad luck: waiters get one more.
  const repeat = slot.failedStarts === 0 && slot.lived;
  const failed: Slot = { ...empty, failedStarts: slot.failedStarts + 1, fruitless: slot.fruitless + 1 };
  if (repeat) return still({ ...failed, wanted: true, retryAtMs: null });
  return still({ ...failed, retryAtMs: event.nowMs + backoffMs(failed.fruitless) });
}

/** The old worker keeps serving. A failed replacement is part of a recycle and never counts. */
function replacementEnded(slot: Slot): SlotStep {
  const alone: Slot = { ...slot, replacement: null };
  return { machine: alone, effects: [{ type: 'recycleFailed', slot: slot.number, reason: slot.recycleReason }] };
}

function left(slot: Slot, event: LifeKey, overlap: boolean): SlotStep {
  const leaving = slot.leaving.filter((generation) => generation !== event.generation);
  const rest: Slot = { ...slot, leaving };
  return rest.pending === null ? still(rest) : replaceLife({ ...rest, pending: null }, rest.pending, overlap);
}

// --- time and change

export function timer(application: Application, event: Of<'timer'>): ApplicationStep {
  const cooled = eachSlot(
    application,
    (slot) => slot.retryAtMs !== null && slot.retryAtMs <= event.nowMs,
    (slot) => still({ ...slot, retryAtMs: null }),
  );
  return settle(cooled.machine, event.nowMs);
}

export function recycle(application: Application, event: Of<'recycle'>): ApplicationStep {
  const replaced = replaceLives(application, (slot) => event.slot === null || slot.number === event.slot, event.reason);
  return andThen(replaced, (books) => settle(books, event.nowMs));
}

export function configure(application: Application, event: Of<'configure'>): ApplicationStep {
  const { rules, restart, nowMs } = event;
  const known: Application = { ...application, rules };
  if (rules.refused !== null) return refuse(known, rules.refused);
  if (!application.open) return stayClosed(known);
  const resized = resize(restart === null ? known : forgive(known), 'config-change');
  const wanted = rules.alwaysRunning ? { ...resized, machine: wantFirst(resized.machine) } : resized;
  const replaced =
    restart === null
      ? wanted
      : andThen(wanted, (books) => replaceLives(books, (slot) => slot.number <= rules.slotsMax, restart));
  return andThen(replaced, (books) => settle(books, nowMs));
}

function forgive(application: Application): Application {
  const slots = application.slots.map((slot) => ({ ...slot, failedStarts: 0, fruitless: 0, retryAtMs: null }));
  return { ...application, slots, window: emptyWindow };
}
