/** States of one application pool. */
import type { ClosedCause } from './events.js';
import { emptyWindow, type FailureWindow, type WindowRule } from './rapid-fail.js';

/**
 * Life of a pool. `stopped`: by hand, or the server stops. `started`: serves or starts on demand.
 * `stopping`: its workers finish. `offline`: rapid-fail protection has tripped. `probeDue`: offline, but
 * the next request may try once. `probing`: that one worker, until it has answered a request.
 *
 * @diagram
 *   stopped  --start-->      started
 *   started  --stop-->       stopping
 *   started  --shutdown-->   stopping
 *   started  --failure-->    offline
 *   stopping --emptied-->    stopped
 *   stopping --start-->      started
 *   offline  --start-->      started
 *   offline  --stop-->       stopping
 *   offline  --shutdown-->   stopping
 *   offline  --timer-->      probeDue | probing
 *   probeDue --start-->      started
 *   probeDue --stop-->       stopping
 *   probeDue --shutdown-->   stopping
 *   probeDue --needWorker--> probing
 *   probing  --served-->     started
 *   probing  --failure-->    offline
 *   probing  --start-->      started
 *   probing  --stop-->       stopping
 *   probing  --shutdown-->   stopping
 */
export type PoolLife = 'stopped' | 'started' | 'stopping' | 'offline' | 'probeDue' | 'probing';

export interface PoolRules {
  /** failure.rapidFailProtection; null = off. */
  readonly rapidFail: WindowRule | null;
  /** failure.rapidFailProbe; 0 = never. */
  readonly probeMs: number;
  readonly alwaysRunning: boolean;
  /** processModel.shutdownTimeLimit. */
  readonly shutdownLimitMs: number;
}

export interface Pool {
  readonly life: PoolLife;
  readonly rules: PoolRules;
  /** Why requests are refused while it is not started. */
  readonly cause: ClosedCause;
  readonly window: FailureWindow;
}

/** A pool that nobody has started yet (autoStart: false stays so). */
export function newPool(rules: PoolRules): Pool {
  return { life: 'stopped', rules, cause: 'Disabled', window: emptyWindow };
}

/** Its applications may have workers. */
export function isOpen(life: PoolLife): boolean {
  return life === 'started' || life === 'probing';
}
