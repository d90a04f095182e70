import type { Clock } from '../../config/base/clock.js';
import type { RouteSite } from '../../pools/protocol/snapshot.js';
import type { Rejection } from '../http1/types.js';
import type { TrustedProxies } from '../http1/trusted-proxies.js';
import type { RouteTable } from '../route/table.js';
import type { Deadlines } from '../proxy/deadlines.js';
import type { ProxyCore } from '../proxy/core.js';
import type { Exchange } from '../proxy/exchange.js';
import type { ExchangeClient } from '../proxy/exchange-client.js';
import type { ApplicationState } from '../proxy/worker.js';
import type { ChallengeAnswers } from './challenges.js';
import type { Closable } from './overload.js';
import type { SiteConnections } from './site-connections.js';
import type { SiteLimiter } from './site-limiter.js';

/** Everything of the newest routes that a request needs; replaced as a whole. */
export interface RoutingState {
  readonly table: RouteTable;
  /** Ports on which clients speak TLS. */
  readonly tlsPorts: ReadonlySet<number>;
  /** Ports on which HTTP/2 may come without TLS. */
  readonly http2Ports: ReadonlySet<number>;
  /** `RouteTls.key` of the bindings that offer HTTP/2. */
  readonly http2Keys: ReadonlySet<string>;
  /** By `AppRoute.index`. */
  readonly applications: readonly (ApplicationState | undefined)[];
  readonly trusted: TrustedProxies;
  readonly headerWaitTimeoutMs: number;
  readonly minBytesPerSecond: number;
  /** By port: the peers that begin with a PROXY header. */
  readonly proxies: ReadonlyMap<number, TrustedProxies>;
  readonly underscores: 'pass' | 'delete' | 'reject';
}

/**
 * head --complete head--> exchange --answered--> head
 *   |                        | 101 --> tunnel --\
 *   \-- refusal, close ------+-------------------+--> lingering --client's end, time, bytes--> closed
 */
export type ConnectionState = 'head' | 'exchange' | 'tunnel' | 'lingering' | 'closed';

/** A request that never became an exchange. */
export interface RefusedRequest {
  readonly status: number;
  readonly subStatus: number;
  readonly reason: string;
  readonly site: string;
  readonly pool: string;
}

/** What is said of a request that was refused. */
export type RefusedClient = Pick<
  ExchangeClient,
  'request' | 'output' | 'forward' | 'isStream' | 'localAddress' | 'localPort' | 'site'
>;

/** A client connection, whatever it speaks. */
export interface ListenerConnection extends Closable {
  readonly activity: 'idle' | 'active' | 'tunnel';
  /** Of HTTP/1: used again for every request. */
  readonly exchange?: Exchange;
  /** Of HTTP/2: its requests now. */
  readonly streams?: readonly { readonly exchange: Exchange }[];
  /** Server shutdown: an idle connection ends now, a busy one with its last answer. */
  closeIfIdle(): void;
  /** The routes are others. */
  routesChanged(): void;
}

/** What a client connection needs of its listener. */
export interface ConnectionContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly core: ProxyCore;
  readonly routing: RoutingState;
  readonly challenges: ChallengeAnswers;
  readonly isShuttingDown: boolean;
  readonly siteConnections: SiteConnections;
  /** Set while the listener cannot take any request. */
  readonly shed: Rejection | null;
  limiter(site: RouteSite): SiteLimiter | undefined;
  refused(client: RefusedClient, refused: RefusedRequest): void;
  /** Something that never became a request; `reason` is a word of a closed list. */
  countRefused(reason: string): void;
  closed(connection: ListenerConnection): void;
}
