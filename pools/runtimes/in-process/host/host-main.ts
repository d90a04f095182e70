/**
 * Preload of an in-process worker: `node --require HOST ENTRY ARGS`. Node itself starts the app as its
 * main script afterwards. In threads and in children of the app it
 * does nothing: the start data are gone from the environment by then.
 */
import { useCompileCache } from './compile-cache.js';
import { Host } from './host.js';
import { waitForSlot } from './spare.js';
import { hidePreload, takeStartData } from './start-data.js';

/** The bundle is CommonJS. */
declare const __filename: string;

const start = takeStartData();
if (start !== null) {
  hidePreload(__filename);
  useCompileCache(start.compileCache);
  new Host(start.slot > 0 ? start : { ...start, slot: waitForSlot() });
}
