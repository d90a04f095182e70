/**
 * Suspicion: listeners cannot reach a running worker. It has `suspectLimitMs` to prove that it can be
 * reached; whatever is reported meanwhile belongs to the same suspicion and gives it no more time.
 */
import { suspicionsMax, suspicionWindowMs } from '../../config/base/limits.js';
import type { WorkerEffect } from './effects.js';
import type { WorkerStep } from './worker-steps.js';
import type { Suspicion, Worker } from './worker-states.js';

/**
 * A listener lost its link or could not connect. In-process the link must open again, out-of-process a
 * connect must succeed; most often the process is gone and `exited` comes first. A link that opens and
 * breaks over and over is no proof: `hopeless` after `suspicionsMax` suspicions within the window.
 */
export function suspect(worker: Worker, nowMs: number, error: string): WorkerStep | 'hopeless' {
  const { model, suspectLimitMs } = worker.rules;
  const proof: WorkerEffect = model === 'InProcess' ? { type: 'openLink' } : { type: 'ping' };
  const { suspicion } = worker;
  if (suspicion.isOpen) {
    // One connect proves the port, also to those that are still failing; a link must be asked for again.
    if (model === 'OutOfProcess') return { machine: worker, effects: [] };
    return { machine: withSuspicion(worker, { isProven: false }), effects: [proof] };
  }
  const isNewWindow = suspicion.count === 0 || nowMs - suspicion.windowFromMs >= suspicionWindowMs;
  const count = isNewWindow ? 1 : suspicion.count + 1;
  if (model === 'InProcess' && count > suspicionsMax) return 'hopeless';
  const windowFromMs = isNewWindow ? nowMs : suspicion.windowFromMs;
  return {
    machine: withSuspicion(worker, { isOpen: true, isProven: false, windowFromMs, count }),
    effects: [
      { type: 'reportSuspected', error },
      { type: 'setTimer', name: 'suspect', delayMs: suspectLimitMs },
      proof,
    ],
  };
}

/** It can be reached; the suspicion still lasts its time, because a link may break again. */
export function proveReachable(worker: Worker): Worker {
  return worker.suspicion.isOpen ? withSuspicion(worker, { isProven: true }) : worker;
}

/** The `suspect` timer: the time is over. */
export function endSuspicion(worker: Worker): WorkerStep | 'unreachable' {
  if (!worker.suspicion.isProven) return 'unreachable';
  return { machine: withSuspicion(worker, { isOpen: false }), effects: [] };
}

function withSuspicion(worker: Worker, change: Partial<Suspicion>): Worker {
  return { ...worker, suspicion: { ...worker.suspicion, ...change } };
}
