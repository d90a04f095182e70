/**
 * A worker that is set aside: taken out of the publication, emptied as one that ends, then stopped by a
 * signal with its state kept. Waking it is a start without the start: links, publication, watch.
 */
import type { WorkerEffect } from './effects.js';
import type { WorkerEvent } from './events.js';
import { act, onTime, planFor, run, terminate, type WorkerStep } from './worker-steps.js';
import { planStop, type Worker } from './worker-states.js';

type Of<T extends WorkerEvent['type']> = Extract<WorkerEvent, { readonly type: T }>;

export function park(worker: Worker): WorkerStep {
  const calm: WorkerEffect[] = [{ type: 'cancelTimers' }, ...onTime(worker)];
  return act({ ...worker, life: 'parking' }, ...calm, { type: 'publish' }, { type: 'awaitAcknowledgement' });
}

export function empty(worker: Worker, event: Of<'acknowledged'>): WorkerStep {
  const { noticeAtMs } = planStop(event.nowMs, worker.rules.shutdownLimitMs);
  const noticeAfterMs = noticeAtMs - event.nowMs;
  return act({ ...worker, life: 'emptying' }, { type: 'drain', noticeAfterMs, ends: false });
}

/** Listeners forget it with its last request and count from zero when it is back. */
export function suspend(worker: Worker): WorkerStep {
  const { health } = worker;
  const requestsBefore = health.requestsBefore + health.requestsTotal;
  const rested = { ...health, requestsBefore, requestsTotal: 0, hostInFlight: 0, listenersInFlight: 0 };
  return act({ ...worker, life: 'suspended', health: rested }, { type: 'suspend' }, { type: 'reportSuspended' });
}

export function wake(worker: Worker, event: Of<'wake'>): WorkerStep {
  const resume: WorkerEffect = { type: 'resume' };
  if (worker.rules.model === 'OutOfProcess') {
    const awake = run(worker, event);
    return act(awake.machine, resume, ...awake.effects);
  }
  const limit: WorkerEffect = { type: 'setTimer', name: 'startup', delayMs: worker.rules.linkLimitMs };
  return act({ ...worker, life: 'linking' }, resume, { type: 'openLink' }, limit);
}

/** The listeners are emptying it already; now it ends with that. */
export function retireEmptying(worker: Worker, event: Of<'retire'>): WorkerStep {
  const leaving = planFor(worker, event);
  const noticeAfterMs = Math.max(0, leaving.stop.noticeAtMs - event.nowMs);
  const timers = leaving.timers;
  const drain: WorkerEffect = { type: 'drain', noticeAfterMs, ends: true };
  return act({ ...worker, life: 'draining', retired: event.reason, stop: leaving.stop }, ...timers, drain);
}

/** Nothing of it is published or in flight; a stopped process must run to take its leave. */
export function retireSuspended(worker: Worker, event: Of<'retire'>): WorkerStep {
  const { stop } = planFor(worker, event);
  const ended = terminate({ ...worker, retired: event.reason, stop }, event.nowMs);
  return act(ended.machine, { type: 'resume' }, ...ended.effects);
}
