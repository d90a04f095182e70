/** What recycling.logEventOnRecycle and processModel.logEventOnProcessModel let into the log, with the ids of IIS. */
import type { PoolConfig, RecycleFlag } from '../../config/model.js';
import type { RecycleReason } from '../lifecycle/exit-reason.js';
import { eventIdOf } from './event-ids.js';

const flags: Readonly<Record<RecycleReason, RecycleFlag>> = {
  time: 'Time',
  requests: 'Requests',
  schedule: 'Schedule',
  memory: 'Memory',
  unhealthy: 'IsapiUnhealthy',
  'on-demand': 'OnDemand',
  'config-change': 'ConfigChange',
  'file-change': 'ConfigChange',
  'private-memory': 'PrivateMemory',
};

/** null = this reason is not logged; 0 = IIS has no id for it. */
export function recycleEventId(pool: PoolConfig, reason: RecycleReason): number | null {
  return pool.recycling.logEventOnRecycle.includes(flags[reason]) ? eventIdOf(reason) : null;
}

/** null = idle stops are not logged. */
export function idleEventId(pool: PoolConfig): number | null {
  return pool.processModel.logEventOnProcessModel.includes('IdleTimeout') ? eventIdOf('idle') : null;
}
