/** Cancels the timer it was returned for; calling it twice is harmless. */
export type CancelTimer = () => void;

/**
 * The only source of time outside the files that implement it. Durations and deadlines are on the
 * monotonic clock; the wall clock is for records that people read.
 */
export interface Clock {
  monotonicMs(): number;
  wallMs(): number;
  /** Runs `fire` once after `delayMs`; the timer keeps the process alive only if `keepAlive`. */
  setTimer(delayMs: number, fire: () => void, keepAlive?: boolean): CancelTimer;
}

/** Resolves after `delayMs`; the wait keeps the process alive unless told otherwise. */
export function pause(clock: Clock, delayMs: number, keepAlive = true): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(delayMs, resolve, keepAlive));
}
