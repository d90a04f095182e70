import type { Clock } from '../../config/base/clock.js';

/** The clock of a listener process: the only file of the data path that reads time or sets timers. */
export const listenerClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer: (delayMs, fire, keepAlive = false) => {
    const timer = setTimeout(fire, delayMs);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};
