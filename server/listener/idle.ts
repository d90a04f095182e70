import type { Clock } from '../../config/base/clock.js';
import { newConnectionGraceMs } from '../../config/base/limits.js';

/**
 * Since when a connection counts as idle that nothing is under way on. One that is `new` may be just about to send what
 * it owes, and one whose head or handshake takes its time is no request either.
 * @returns monotonic ms; Infinity = it is not idle.
 */
export function idleSince(sinceMs: number, isNew: boolean, clock: Clock): number {
  return isNew && clock.monotonicMs() - sinceMs < newConnectionGraceMs ? Infinity : sinceMs;
}
