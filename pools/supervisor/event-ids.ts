/** The events that IIS logs for the same (source WAS), so that rules written for them fit our log. */
import type { ExitReason, RetireReason } from '../lifecycle/exit-reason.js';

export const rapidFailEvent = 5002;
export const recycleFailedEvent = 5093;

const events: Readonly<Partial<Record<ExitReason | RetireReason, number>>> = {
  exit: 5009,
  signal: 5009,
  'ping-timeout': 5010,
  hang: 5010,
  'health-check': 5010,
  'bad-control-message': 5011,
  'startup-timeout': 5012,
  'shutdown-timeout': 5013,
  time: 5074,
  requests: 5075,
  schedule: 5076,
  memory: 5077,
  unhealthy: 5078,
  'on-demand': 5079,
  'config-change': 5080,
  'private-memory': 5117,
  idle: 5186,
  'application-offline': 1012,
};

/** 0 = IIS has none. */
export function eventIdOf(reason: ExitReason | RetireReason): number {
  return events[reason] ?? 0;
}
