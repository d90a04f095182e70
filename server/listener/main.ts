/**
 * Entry of a listener process, started by node:cluster in the primary. It lives and dies with the
 * channel to the primary: without it nobody would tell it about configuration and workers.
 */
import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import { listenerHeapGrowthPercent } from '../../config/base/edge-limits.js';
import { assertLimits } from '../../config/base/limits.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { PrimaryToListener } from '../../pools/protocol/primary-to-listener.js';
import { Listener } from './listener.js';
import { listenerClock } from './listener-clock.js';

assertLimits();
setFlagsFromString(`--heap-growing-percent=${listenerHeapGrowthPercent}`);

function say(message: ListenerToPrimary): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

const listener = new Listener({
  clock: listenerClock,
  listenerId: cluster.worker?.id ?? 0,
  say,
  closed: () => {
    process.disconnect?.();
  },
});

process.on('disconnect', () => process.exit(0));
process.on('message', (message: PrimaryToListener, handle: unknown) => listener.receive(message, handle));
// The primary decides when listeners end; a terminal's Ctrl-C reaches the whole group.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('SIGHUP', () => undefined);
say({ type: 'hello', pid: process.pid });
