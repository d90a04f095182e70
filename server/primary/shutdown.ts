import { pause } from '../../config/base/clock.js';
import { crashPoint } from '../../pools/runtimes/crash-points.js';
import type { PrimaryParts } from './parts.js';

/** Kept back for the workers after the listeners finished: at most this, or a fifth of the limit. */
const workerShareMaxMs = 10_000;
const workerShare = 0.2;

export interface StopOptions {
  /** Another primary serves on the same sockets: for so long idle clients may send one more request here. 0 = nobody does. */
  readonly lingerMs: number;
}

/**
 * Stops within `shutdownTimeLimit`: not ready any more, then no new connections, then requests finish,
 * then workers end.
 */
export async function stopGracefully(parts: PrimaryParts, { lingerMs }: StopOptions): Promise<void> {
  const { state, clock, log, sockets, fleet, supervisor } = parts;
  if (state.isDraining) return;
  state.isDraining = true;
  const settings = state.config?.server;
  const limitMs = settings?.shutdownTimeLimitMs ?? 0;
  log.info('stopping', { limitMs });
  crashPoint('stop.begun');
  const drainDelayMs = lingerMs > 0 ? 0 : (settings?.drainDelayMs ?? 0);
  if (drainDelayMs > 0) await pause(clock, drainDelayMs);
  const startedMs = clock.monotonicMs();
  // Listeners close theirs at the same moment: from now on connections are refused, not left waiting.
  sockets.close();
  crashPoint('stop.refusing');
  // No pool lets its requests run longer than its own limit.
  const longestMs = Math.max(
    0,
    ...(state.config?.pools ?? []).map(({ processModel }) => processModel.shutdownTimeLimitMs),
  );
  const requestsMs = Math.min(longestMs, limitMs - Math.min(workerShareMaxMs, limitMs * workerShare));
  await fleet.shutdown(requestsMs, Math.min(lingerMs, requestsMs / 2));
  crashPoint('stop.listeners-ended');
  await supervisor.stopAll(Math.max(0, limitMs - (clock.monotonicMs() - startedMs)));
  crashPoint('stop.workers-ended');
}

export function stopAtOnce(parts: PrimaryParts): void {
  parts.state.isDraining = true;
  parts.sockets.close();
  parts.fleet.kill('stopped at once');
  parts.supervisor.killAll();
}
