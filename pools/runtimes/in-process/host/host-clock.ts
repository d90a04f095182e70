/** The host's one source of time. */
import type { Clock } from '../../../../config/base/clock.js';
import { startTimer } from './clean-context.js';

const hrtime = process.hrtime;
const wall = Date.now;

function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** Timers of the host never keep the process alive. */
export const hostClock: Clock = {
  monotonicMs,
  wallMs: () => wall(),
  setTimer: (delayMs, fire) => startTimer(delayMs, fire),
};

let coarse = monotonicMs();

/** Time of the last heartbeat: good enough for idle times, and free. */
export function coarseNowMs(): number {
  return coarse;
}

export function refreshCoarseNow(): number {
  coarse = monotonicMs();
  return coarse;
}
