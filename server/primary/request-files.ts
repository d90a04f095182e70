import type { CompiledConfig } from '../../config/model.js';
import type { ListenerIdentity } from '../../pools/runtimes/isolation/identity.js';
import type { PoolView, SupervisorPort } from '../../pools/supervisor/ports.js';
import type { ServerLog } from '../log/server-log.js';
import { SiteLogFolders } from './folders.js';
import type { PrimaryParts, PrimaryState } from './parts.js';
import { TraceKeeper } from './trace-keeper.js';

/** What is written of requests beside the listeners' logs. */
export function createFiles(
  logger: ServerLog,
  { server }: CompiledConfig,
  state: PrimaryState,
  supervisor: SupervisorPort,
  listenerIdentity: ListenerIdentity | null,
): Pick<PrimaryParts, 'siteLogFolders' | 'traces'> {
  const viewOf = (pool: string): PoolView | null => supervisor.viewOf(pool);
  return {
    siteLogFolders: new SiteLogFolders(listenerIdentity, logger),
    traces: new TraceKeeper({ logger, logDir: server.logDir, currentConfig: () => state.config, viewOf }),
  };
}
