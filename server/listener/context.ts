import type { Clock } from '../../config/base/clock.js';
import type { RouteSite } from '../../pools/protocol/snapshot.js';
import type { TrustedProxies } from '../http1/trusted-proxies.js';
import type { RouteTable } from '../route/table.js';
import type { Deadlines } from '../proxy/deadlines.js';
import type { ProxyCore } from '../proxy/core.js';
import type { ApplicationState } from '../proxy/worker.js';
import type { ClientConnection } from './connection.js';

/** Everything of the newest routes that a request needs; replaced as a whole. */
export interface RoutingState {
  readonly table: RouteTable;
  /** By `AppRoute.index`. */
  readonly applications: readonly ApplicationState[];
  readonly trusted: TrustedProxies;
  readonly headerWaitTimeoutMs: number;
  readonly minBytesPerSecond: number;
  readonly underscores: 'pass' | 'delete' | 'reject';
}

/** A request that never became an exchange. */
export interface RefusedRequest {
  readonly status: number;
  readonly subStatus: number;
  readonly reason: string;
  readonly site: string;
  readonly pool: string;
}

/** What a client connection needs of its listener. */
export interface ConnectionContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly core: ProxyCore;
  readonly routing: RoutingState;
  readonly isShuttingDown: boolean;
  /** @returns false when the site has no room for one more connection (of this client). */
  enterSite(site: RouteSite, address: string): boolean;
  leaveSite(site: RouteSite, address: string): void;
  refused(connection: ClientConnection, refused: RefusedRequest): void;
  closed(connection: ClientConnection): void;
}
