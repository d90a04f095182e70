import type { Cells } from '../metrics/cells.js';
import type { RouteApplication, RoutePool, Routes, RouteSite } from '../../pools/protocol/snapshot.js';
import { TrustedProxies } from '../http1/trusted-proxies.js';
import { Affinity } from '../proxy/affinity.js';
import { CrashLines } from '../proxy/crash-lines.js';
import { ownerOf, PoolCells, RequestCells } from '../proxy/traffic-cells.js';
import type { ApplicationState, PoolState } from '../proxy/worker.js';
import { compileRoutes } from '../route/table.js';
import type { RoutingState } from './context.js';

/** Pools and sites that outlive one version of the routes; what none names any more goes when it is unused. */
export class RoutingBooks {
  readonly #cells: Cells;
  readonly #pools = new Map<string, PoolState>();
  /** Connections per site name, and per site and client address where that is limited. */
  readonly #connections = new Map<string, number>();
  /** Names in the newest routes. */
  #routed: ReadonlySet<string> = new Set();
  /** There may be series or pools that the newest routes do not name. */
  #isLittered = false;
  #listeners = 1;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  pool(name: string): PoolState | undefined {
    return this.#pools.get(name);
  }

  /** Ties the applications to their pools and compiles what a request looks up. */
  apply(routes: Routes, application: (id: string) => ApplicationState): RoutingState {
    const listeners = Math.max(1, routes.settings.listeners);
    this.#listeners = listeners;
    this.#routed = new Set(routes.pools.map(({ name }) => name));
    this.#isLittered = true;
    for (const settings of routes.pools) this.#setPool(settings, listeners);
    const { settings } = routes;
    const states = routes.applications.map((route) => {
      const state = application(route.id);
      const site = routes.sites[route.siteIndex];
      state.isRouted = true;
      state.route = route;
      state.pool = this.#pools.get(route.pool) ?? null;
      state.affinity = affinityOf(route, state.pool, settings.affinityKey);
      state.connectionTimeoutMs = site?.connectionTimeoutMs ?? 0;
      state.cells = new RequestCells(this.#cells, site?.name ?? '', route.pool);
      return state;
    });
    return {
      table: compileRoutes(routes),
      tlsPorts: new Set(routes.bindings.filter((one) => one.tls !== null).map((one) => one.port)),
      http2Ports: new Set(routes.bindings.filter((one) => one.h2c === true).map((one) => one.port)),
      http2Keys: new Set(routes.bindings.flatMap(({ tls }) => (tls?.http2 === true ? [tls.key] : []))),
      applications: states,
      trusted: new TrustedProxies(settings.trustedProxies),
      proxies: new Map(
        routes.bindings.flatMap(({ port, proxyProtocol: peers }) =>
          peers === undefined ? [] : [[port, new TrustedProxies(peers)] as const],
        ),
      ),
      headerWaitTimeoutMs: settings.headerWaitTimeoutMs,
      minBytesPerSecond: settings.minBytesPerSecond,
      underscores: settings.underscoresInHeaders,
    };
  }

  /**
   * Drops pools without requests that the routes name no more, and the series that belong to nobody then.
   * `applications` are those that still count. Call right after the cells were taken.
   */
  forgetUnused(applications: Iterable<ApplicationState>): void {
    if (!this.#isLittered) return;
    this.#isLittered = false;
    for (const pool of this.#pools.values()) {
      if (this.#routed.has(pool.name)) continue;
      if (pool.requests === 0) this.#pools.delete(pool.name);
      else this.#isLittered = true;
    }
    const counting = new Set<string>();
    for (const { cells, isRouted } of applications) {
      if (cells !== null) counting.add(cells.owner);
      if (!isRouted) this.#isLittered = true;
    }
    this.#cells.drop((site, pool) => (site === null ? !this.#pools.has(pool) : !counting.has(ownerOf(site, pool))));
  }

  /** Site limits hold over all listeners: each has its share, rounded up. */
  enterSite(site: RouteSite, address: string): boolean {
    const total = this.#connections.get(site.name) ?? 0;
    if (total >= Math.ceil(site.maxConnections / this.#listeners)) return false;
    if (site.maxConnectionsPerAddress > 0) {
      const key = `${site.name}\0${address}`;
      const own = this.#connections.get(key) ?? 0;
      if (own >= Math.ceil(site.maxConnectionsPerAddress / this.#listeners)) return false;
      this.#connections.set(key, own + 1);
    }
    this.#connections.set(site.name, total + 1);
    return true;
  }

  leaveSite(site: RouteSite, address: string): void {
    this.#decrease(site.name);
    if (site.maxConnectionsPerAddress > 0) this.#decrease(`${site.name}\0${address}`);
  }

  #decrease(key: string): void {
    const left = (this.#connections.get(key) ?? 0) - 1;
    if (left > 0) this.#connections.set(key, left);
    else this.#connections.delete(key);
  }

  #setPool(settings: RoutePool, listeners: number): void {
    const concurrencyShare = Math.ceil(settings.maxConcurrentRequests / listeners);
    const queueShare = Math.floor(settings.queueLength / listeners);
    const known = this.#pools.get(settings.name);
    if (known !== undefined) {
      known.settings = settings;
      known.concurrencyShare = concurrencyShare;
      known.queueShare = queueShare;
      known.crashLines.intervalMs = settings.rapidFailProtectionIntervalMs;
      return;
    }
    this.#pools.set(settings.name, {
      name: settings.name,
      settings,
      concurrencyShare,
      queueShare,
      waitingHere: 0,
      requests: 0,
      crashLines: new CrashLines(settings.rapidFailProtectionIntervalMs),
      cells: new PoolCells(this.#cells, settings.name),
    });
  }
}

function affinityOf(route: RouteApplication, pool: PoolState | null, key: string): Affinity | null {
  return pool?.settings.affinity === 'cookie' ? new Affinity(key, route.id, route.path) : null;
}
