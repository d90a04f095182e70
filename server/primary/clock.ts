import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { catchUpMs, heldUpMs } from '../../config/base/limits.js';

/**
 * The clock of the primary process. A timer that comes very late (the process was stopped, or the machine slept)
 * waits a moment more: the answers that it would miss have long arrived, and only have not been read.
 */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer: (delayMs, fire, keepAlive = false): CancelTimer => {
    const dueMs = performance.now() + delayMs;
    const arm = (ms: number, then: () => void): NodeJS.Timeout => {
      const timer = setTimeout(then, ms);
      if (!keepAlive) timer.unref();
      return timer;
    };
    let timer = arm(delayMs, () => {
      if (performance.now() - dueMs < heldUpMs) fire();
      else timer = arm(catchUpMs, fire);
    });
    return () => clearTimeout(timer);
  },
};
