import type { Runtime } from '../runtimes/runtime.js';
import type { HostBook } from './books.js';

/**
 * After every step of an application: whether a spare host waits for its next worker. None is started beside
 * a worker that starts, which it would only slow down.
 */
export function reviewSpare(host: HostBook, inProcess: Runtime): void {
  const { pool, config: application, site, machine } = host;
  const { hosting } = application;
  const isHosted = hosting?.hostingModel === 'InProcess' && machine.open && machine.rules.refused === null;
  if (host.removed || !isHosted || !pool.config.processModel.spareHost) {
    inProcess.dropSpare?.(host.id);
    return;
  }
  const isCalm = machine.life === 'idle' || machine.life === 'ready';
  const isStarting = machine.slots.some(
    ({ current, replacement }) => replacement !== null || current?.phase === 'starting',
  );
  if (isCalm && !isStarting) inProcess.keepSpare?.({ pool: pool.config, application, hosting, site });
}
