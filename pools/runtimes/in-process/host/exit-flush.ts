/** Writing while the process ends: nothing asynchronous happens any more. */
import fs from 'node:fs';
import { codeOf } from '../../../../config/base/errors.js';
import { hostClock } from './host-clock.js';

const limitMs = 500;
const pauseMs = 2;

/** Writes everything or gives up after 500 ms; a reader that is gone ends it at once. */
export function writeSync(fd: number, parts: readonly Buffer[]): void {
  const deadline = hostClock.monotonicMs() + limitMs;
  for (const part of parts) {
    let at = 0;
    while (at < part.length) {
      try {
        at += fs.writeSync(fd, part, at);
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' || hostClock.monotonicMs() > deadline) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
      }
    }
  }
}
