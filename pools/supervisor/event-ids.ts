/** The events that IIS logs for the same (source WAS), so that rules written for them fit our log. */
import { type ExitReason, isReload, type RecycleReason, type RetireReason } from '../lifecycle/exit-reason.js';

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

/** How a worker ended, as far as the ids of the ASP.NET Core Module tell it. */
export interface ToldEnd {
  readonly reason: ExitReason;
  readonly isInProcess: boolean;
  /** It was ready once. */
  readonly ran: boolean;
  readonly hasOutput: boolean;
}

/** The id of WAS, then those of the module; of a worker that crashed. */
export function crashEventIds({ reason, isInProcess, hasOutput }: ToldEnd): readonly number[] {
  const own = eventIdOf(reason);
  if (reason !== 'exit' && reason !== 'signal') return [own];
  if (!isInProcess) return [own, 1_030];
  return [own, reason === 'signal' ? 1_018 : hasOutput ? 1_035 : 1_011];
}

/** Of one that was asked to leave. */
export function endEventIds({ reason, isInProcess, ran }: ToldEnd): readonly number[] {
  const own = eventIdOf(reason);
  if (reason === 'shutdown-timeout') return [own, 1_005];
  return isInProcess && ran ? [own, 1_033] : [own];
}

export function recycleFailedEventIds(reason: RecycleReason): readonly number[] {
  return isReload(reason) ? [recycleFailedEvent, 1_022] : [recycleFailedEvent];
}
