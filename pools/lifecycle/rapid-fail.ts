/**
 * Rapid-fail windows: sliding, on the monotonic clock, pure. The pool's (failure.rapidFailProtection*)
 * trips at the Nth failure; the application's (aspNetCore rapidFailsPerMinute) above N within 60 s.
 */

/** Stamps of the failures that may still matter, oldest first, never more than a trip needs. */
export type FailureWindow = readonly number[];

export const emptyWindow: FailureWindow = [];

export interface WindowRule {
  readonly intervalMs: number;
  /** Tripped once this many failures lie inside the interval. */
  readonly tripsAt: number;
}

/** A failure belongs to the window while it is younger than the interval. */
export function addFailure(window: FailureWindow, rule: WindowRule, nowMs: number): FailureWindow {
  return [...liveFailures(window, rule, nowMs), nowMs].slice(-rule.tripsAt);
}

export function isTripped(window: FailureWindow, rule: WindowRule, nowMs: number): boolean {
  return liveFailures(window, rule, nowMs).length >= rule.tripsAt;
}

/** Milliseconds until a tripped window recovers by itself; 0 = it is not tripped. */
export function recoversInMs(window: FailureWindow, rule: WindowRule, nowMs: number): number {
  const live = liveFailures(window, rule, nowMs);
  const oldest = live[live.length - rule.tripsAt];
  return oldest === undefined ? 0 : oldest + rule.intervalMs - nowMs;
}

/**
 * The application's rule: trips above `rapidFailsPerMinute`, so 0 means at the first failure. null = never:
 * an empty interval holds no failure.
 */
export function perMinuteRule(rapidFailsPerMinute: number | null): WindowRule {
  if (rapidFailsPerMinute === null) return { intervalMs: 0, tripsAt: 1 };
  return { intervalMs: 60_000, tripsAt: rapidFailsPerMinute + 1 };
}

function liveFailures(window: FailureWindow, rule: WindowRule, nowMs: number): FailureWindow {
  return window.filter((stamp) => nowMs - stamp < rule.intervalMs);
}
