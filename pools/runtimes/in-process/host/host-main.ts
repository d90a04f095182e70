/**
 * Preload of an in-process worker: `node --require HOST ENTRY ARGS`. Node itself starts the app as its
 * main script afterwards. In threads and in children of the app it does nothing.
 */
import worker_threads from 'node:worker_threads';
import { Host } from './host.js';
import { hidePreload, takeStartData } from './start-data.js';

/** The bundle is CommonJS. */
declare const __filename: string;

const start = worker_threads.isMainThread ? takeStartData() : null;
if (start !== null) {
  hidePreload(__filename);
  new Host(start);
}
