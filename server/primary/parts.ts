import type { Clock } from '../../config/base/clock.js';
import type { CompiledConfig } from '../../config/model.js';
import type { Runtimes } from '../../pools/runtimes/create-runtimes.js';
import type { SupervisorPort } from '../../pools/supervisor/ports.js';
import type { EventHub } from '../admin/events/hub.js';
import type { ServerLog } from '../log/server-log.js';
import type { MetricTotals } from '../metrics/fold.js';
import type { PublishedMetrics } from '../metrics/published.js';
import type { ProcessMetrics } from '../metrics/registry.js';
import type { Issuer } from './acme/issuer.js';
import type { Certificates } from './certificates.js';
import type { SiteLogFolders } from './folders.js';
import type { ListenerFleet } from './listener-fleet.js';
import type { Operations } from './operations.js';
import type { QueueLedger } from './queue-ledger.js';
import type { RoutePublisher } from './route-publisher.js';
import type { ListeningSockets } from './sockets.js';
import type { TraceKeeper } from './trace-keeper.js';

/** Everything that a change of the configuration, a stop or the admin API works with. */
export interface PrimaryParts {
  readonly clock: Clock;
  readonly log: ServerLog;
  readonly sockets: ListeningSockets;
  readonly publisher: RoutePublisher;
  readonly certificates: Certificates;
  readonly issuer: Issuer;
  readonly ledger: QueueLedger;
  readonly fleet: ListenerFleet;
  readonly runtimes: Runtimes;
  readonly supervisor: SupervisorPort;
  readonly totals: MetricTotals;
  readonly published: PublishedMetrics;
  readonly processMetrics: ProcessMetrics;
  readonly operations: Operations;
  readonly events: EventHub;
  readonly state: PrimaryState;
  readonly siteLogFolders: SiteLogFolders;
  readonly traces: TraceKeeper;
  /** The files of worker output are opened anew by their names. */
  reopenOutput(): void;
}

export interface PrimaryState {
  /** The configuration that serves; null before the first one was applied. */
  config: CompiledConfig | null;
  isDraining: boolean;
  /** An administrator took the node out of the balance; it serves on. */
  isDrained: boolean;
}
