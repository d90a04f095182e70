import type { Clock } from '../../config/base/clock.js';

/** The clock of the primary process. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer: (delayMs, fire, keepAlive = false) => {
    const timer = setTimeout(fire, delayMs);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};
