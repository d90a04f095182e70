/**
 * The watchdog thread of an in-process worker: sleeps until the primary asks why the main thread is
 * silent, and answers on a pipe of its own. Everything it needs is loaded when it starts: later a
 * blocked process may have no memory or descriptor left for it.
 */
import type { PrimaryToWatchdog } from '../../../protocol/primary-to-host.js';
import { hostWatchdogFd } from '../../../protocol/primary-to-host.js';
import { Capture } from './capture.js';
import { ControlPipe } from './control-pipe.js';

let capture: Capture | null = null;

const pipe = new ControlPipe<PrimaryToWatchdog>(
  hostWatchdogFd,
  () => {
    if (capture !== null) return;
    capture = new Capture(
      (answer) => pipe.send(answer),
      () => (capture = null),
    );
    capture.start();
  },
  // Ends this thread only.
  () => process.exit(0),
);
pipe.ref();
