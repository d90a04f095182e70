/**
 * Preload of an in-process worker: `node --require HOST ENTRY ARGS`. Node itself starts the app as its
 * main script afterwards. In threads and in children of the app it
 * does nothing: the start data are gone from the environment by then.
 */
import { useCompileCache } from './compile-cache.js';
import { Host } from './host.js';
import { waitForSlot } from './spare.js';
import type { HostStartData } from '../../../protocol/primary-to-host.js';
import { hidePreload, takeStartData } from './start-data.js';
import { startWatchdog } from './watchdog.js';

/** The bundle is CommonJS. */
declare const __filename: string;

const start = takeStartData();
if (start !== null) {
  hidePreload(__filename);
  useCompileCache(start.compileCache);
  if (start.slot > 0) new Host(start);
  else becomeHost(start);
}

/** A spare host has the time that a worker has not: its watchdog starts now, and not beside the first request. */
function becomeHost(start: HostStartData): void {
  let trouble = '';
  let tell = (reason: string): void => void (trouble = reason);
  if (start.watchdog) startWatchdog((reason) => tell(reason));
  const host = new Host({ ...start, slot: waitForSlot(), watchdog: false });
  tell = (reason) => host.withoutWatchdog(reason);
  if (trouble !== '') tell(trouble);
}
