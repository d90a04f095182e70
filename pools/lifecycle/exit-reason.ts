/** Why worker processes end, and what an end means for the counters. */
import { unreachable } from '../../config/base/invariant.js';
import type { HostingModel } from '../../config/model.js';

/** Closed list: why a worker process ended. */
export type ExitReason =
  | 'exit'
  | 'signal'
  | 'start-failed'
  | 'startup-timeout'
  | 'ping-timeout'
  | 'hang'
  | 'health-check'
  | 'idle'
  | 'memory-budget'
  | 'recycle'
  | 'config-change'
  | 'file-change'
  | 'worker-stopped'
  | 'application-offline'
  | 'pool-stopped'
  | 'shutdown'
  | 'shutdown-timeout'
  | 'bad-control-message'
  | 'memory-limit'
  | 'cpu-limit';

/** What a worker was started from has changed: one that is starting may have read what was there before. */
export type ReloadReason = 'config-change' | 'file-change';

/**
 * Closed list: why a worker is replaced by a new one. The first eight are IIS's (logEventOnRecycle);
 * `on-demand` is an administrator's, `file-change` also a touched recycling.restartFile.
 */
export type RecycleReason =
  | 'time'
  | 'requests'
  | 'schedule'
  | 'memory'
  | 'unhealthy'
  | 'on-demand'
  | 'config-change'
  | 'private-memory'
  | 'file-change';

/** Why a worker is asked to leave politely. */
export type RetireReason =
  | RecycleReason
  | 'idle'
  | 'memory-budget'
  | 'worker-stopped'
  | 'application-offline'
  | 'pool-stopped'
  | 'shutdown';

/** What a runtime says about a start that it gave up. */
export type StartFailedReason = 'start-failed' | 'startup-timeout';

/** Why a process is killed although it should have gone on. */
export type KillReason = StartFailedReason | 'ping-timeout' | 'hang' | 'health-check';

/** What the end of a life means to its slot. */
export type Outcome = 'start-failed' | 'crashed' | 'stopped';

export interface ExitFacts {
  readonly model: HostingModel;
  /** It was listening (link or not), so `exit 0` is the app's own decision. */
  readonly listened: boolean;
  /** It got as far as being publishable. */
  readonly ran: boolean;
  readonly retired: RetireReason | null;
  readonly killed: KillReason | 'shutdown-timeout' | null;
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when we ended it because of what it sent on the control pipe. */
  readonly violation: string | null;
  /** What it used too much of, when that is why it was killed. */
  readonly limit?: 'memory' | 'cpu' | null;
}

export interface ExitClass {
  readonly reason: ExitReason;
  readonly outcome: Outcome;
  /** Counts for rapid-fail: in-process in the pool's window, out-of-process in the application's. */
  readonly counts: boolean;
}

/**
 * Recycles, idle stops, administrative stops and shutdown time-outs never count, however the process
 * then ends. Everything else does, except an in-process `exit 0` after the app was listening.
 */
export function classifyExit(exit: ExitFacts): ExitClass {
  if (exit.killed === 'shutdown-timeout') return { reason: 'shutdown-timeout', outcome: 'stopped', counts: false };
  if (exit.retired !== null) return { reason: reasonOf(exit.retired), outcome: 'stopped', counts: false };
  const outcome = exit.ran ? 'crashed' : 'start-failed';
  if (exit.limit === 'cpu') return { reason: 'cpu-limit', outcome, counts: false };
  if (exit.limit === 'memory') return { reason: 'memory-limit', outcome, counts: true };
  if (exit.killed !== null) return { reason: exit.killed, outcome, counts: true };
  if (exit.violation !== null) return { reason: 'bad-control-message', outcome, counts: true };
  if (exit.signal !== null) return { reason: 'signal', outcome, counts: true };
  const own = exit.model === 'InProcess' && exit.listened && exit.code === 0;
  return { reason: 'exit', outcome, counts: !own };
}

function reasonOf(retired: RetireReason): ExitReason {
  switch (retired) {
    case 'idle':
    case 'memory-budget':
    case 'config-change':
    case 'file-change':
    case 'worker-stopped':
    case 'application-offline':
    case 'pool-stopped':
    case 'shutdown':
      return retired;
    case 'time':
    case 'requests':
    case 'schedule':
    case 'memory':
    case 'private-memory':
    case 'unhealthy':
    case 'on-demand':
      return 'recycle';
    default:
      return unreachable(retired);
  }
}

export function isReload(reason: RecycleReason): reason is ReloadReason {
  return reason === 'config-change' || reason === 'file-change';
}
