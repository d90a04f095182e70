import type { Cells } from '../metrics/cells.js';
import type {
  RemovedRoutes,
  RouteApplication,
  RouteBinding,
  RoutePool,
  Routes,
  RouteSite,
} from '../../pools/protocol/snapshot.js';
import { TrustedProxies } from '../http1/trusted-proxies.js';
import { Affinity } from '../proxy/affinity.js';
import { CrashLines } from '../proxy/crash-lines.js';
import { ownerOf, PoolCells, RequestCells } from '../proxy/traffic-cells.js';
import type { ApplicationState, PoolState } from '../proxy/worker.js';
import { bindSites, type BoundSite, RouteTable } from '../route/table.js';
import type { RoutingState } from './context.js';

interface KnownSite {
  readonly site: RouteSite;
  readonly bound: BoundSite;
  readonly applications: readonly ApplicationState[];
  /** Indexes of its applications. */
  readonly places: readonly number[];
}

/** Pools and sites that outlive one version of the routes; what none names any more goes when it is unused. */
export class RoutingBooks {
  readonly #cells: Cells;
  readonly #pools = new Map<string, Pool>();
  readonly #sites = new Map<string, KnownSite>();
  /** By `AppRoute.index`; a place is not used again before all routes come anew. */
  #applications: (ApplicationState | undefined)[] = [];
  #table = new RouteTable();
  /** Names of pools in the newest routes. */
  readonly #routed = new Set<string>();
  /** There may be series or pools that the newest routes do not name. */
  #isLittered = false;
  #listeners = 1;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  pool(name: string): PoolState | undefined {
    return this.#pools.get(name);
  }

  /** Of the newest routes. */
  *sites(): IterableIterator<RouteSite> {
    for (const { site } of this.#sites.values()) yield site;
  }

  /** Of the newest routes: requests of some site or application may leave a trace. */
  get hasTraceRules(): boolean {
    for (const { site, applications } of this.#sites.values()) {
      if (site.traceRules !== undefined) return true;
      if (applications.some(({ route }) => route?.traceRules !== undefined)) return true;
    }
    return false;
  }

  *bindings(): IterableIterator<RouteBinding> {
    for (const { bound } of this.#sites.values()) yield* bound.bindings;
  }

  /**
   * Ties the applications to their pools and compiles what a request looks up. With `removed`, `routes` holds only
   * what has changed: the rest stays as it is and costs nothing.
   */
  apply(routes: Routes, application: (id: string) => ApplicationState, removed?: RemovedRoutes): RoutingState {
    const { settings } = routes;
    this.#isLittered = true;
    if (removed === undefined) this.#applications = [];
    const gone = removed ?? this.#notIn(routes);
    this.#setListeners(Math.max(1, settings.listeners));
    for (const name of gone.pools) this.#routed.delete(name);
    for (const pool of routes.pools) this.#setPool(pool);
    const left = [...gone.sites, ...routes.sites.map(({ name }) => name)].map((name) => this.#forget(name));
    const places = routes.applications.map((route) => {
      const state = application(route.id);
      this.#tie(state, route, routes.sites[route.siteIndex], settings.affinityKey);
      return this.#applications.push(state) - 1;
    });
    const come = bindSites(routes, places);
    this.#remember(routes, come, places);
    this.#table = this.#table.with(left.flat(), come);
    return {
      table: this.#table,
      ...this.#ports(),
      applications: this.#applications,
      trusted: new TrustedProxies(settings.trustedProxies),
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

  /** What all routes that come anew leave out. */
  #notIn(routes: Routes): RemovedRoutes {
    const sites = new Set(routes.sites.map(({ name }) => name));
    const pools = new Set(routes.pools.map(({ name }) => name));
    return {
      sites: [...this.#sites.keys()].filter((name) => !sites.has(name)),
      pools: [...this.#routed].filter((name) => !pools.has(name)),
    };
  }

  /** The site leaves the routes, or comes back changed. */
  #forget(name: string): readonly BoundSite[] {
    const known = this.#sites.get(name);
    if (known === undefined) return [];
    this.#sites.delete(name);
    for (const one of known.applications) one.isRouted = false;
    for (const place of known.places) if (place < this.#applications.length) this.#applications[place] = undefined;
    return [known.bound];
  }

  #tie(state: ApplicationState, route: RouteApplication, site: RouteSite | undefined, affinityKey: string): void {
    state.isRouted = true;
    state.route = route;
    state.pool = this.#pools.get(route.pool) ?? null;
    state.affinity = affinityOf(route, state.pool, affinityKey);
    state.connectionTimeoutMs = site?.connectionTimeoutMs ?? 0;
    const name = site?.name ?? '';
    if (state.cells?.owner !== ownerOf(name, route.pool)) state.cells = new RequestCells(this.#cells, name, route.pool);
  }

  #remember(routes: Routes, bound: readonly BoundSite[], places: readonly number[]): void {
    const bySite: number[][] = routes.sites.map(() => []);
    for (const [index, { siteIndex }] of routes.applications.entries()) bySite[siteIndex]?.push(places[index] ?? -1);
    for (const [index, site] of routes.sites.entries()) {
      const own = bySite[index] ?? [];
      const applications = own.flatMap((place) => this.#applications[place] ?? []);
      this.#sites.set(site.name, { site, bound: bound[index] ?? noBindings, applications, places: own });
    }
  }

  /** What has to be known of a port or a certificate before a site is. One pass, without an iterator: sites are many. */
  #ports(): Pick<RoutingState, 'tlsPorts' | 'http2Ports' | 'http2Keys' | 'proxies'> {
    const tlsPorts = new Set<number>();
    const http2Ports = new Set<number>();
    const http2Keys = new Set<string>();
    const proxies = new Map<number, TrustedProxies>();
    this.#sites.forEach(({ bound }) => {
      for (const { port, tls, h2c, proxyProtocol } of bound.bindings) {
        if (tls !== null) tlsPorts.add(port);
        if (tls?.http2 === true) http2Keys.add(tls.key);
        if (h2c === true) http2Ports.add(port);
        if (proxyProtocol !== undefined && !proxies.has(port)) proxies.set(port, new TrustedProxies(proxyProtocol));
      }
    });
    return { tlsPorts, http2Ports, http2Keys, proxies };
  }

  /** The shares of all pools depend on it. */
  #setListeners(count: number): void {
    if (this.#listeners === count) return;
    this.#listeners = count;
    for (const pool of this.#pools.values()) pool.set(pool.settings, count);
  }

  #setPool(settings: RoutePool): void {
    this.#routed.add(settings.name);
    const known = this.#pools.get(settings.name);
    if (known === undefined) this.#pools.set(settings.name, new Pool(settings, this.#listeners, this.#cells));
    else known.set(settings, this.#listeners);
  }
}

const noBindings: BoundSite = { bindings: [], routes: [] };

class Pool implements PoolState {
  readonly name: string;
  settings: RoutePool;
  concurrencyShare = 0;
  queueShare = 0;
  waitingHere = 0;
  requests = 0;
  readonly crashLines: CrashLines;
  readonly #allCells: Cells;
  #cells: PoolCells | null = null;

  constructor(settings: RoutePool, listeners: number, cells: Cells) {
    this.name = settings.name;
    this.settings = settings;
    this.crashLines = new CrashLines(settings.rapidFailProtectionIntervalMs);
    this.#allCells = cells;
    this.set(settings, listeners);
  }

  /** Made with the first request: of ten thousand pools most have none. */
  get cells(): PoolCells {
    this.#cells ??= new PoolCells(this.#allCells, this.name);
    return this.#cells;
  }

  set(settings: RoutePool, listeners: number): void {
    this.settings = settings;
    this.concurrencyShare = Math.ceil(settings.maxConcurrentRequests / listeners);
    this.queueShare = Math.floor(settings.queueLength / listeners);
    this.crashLines.intervalMs = settings.rapidFailProtectionIntervalMs;
  }
}

function affinityOf(route: RouteApplication, pool: PoolState | null, key: string): Affinity | null {
  return pool?.settings.affinity === 'cookie' ? new Affinity(key, route.id, route.path) : null;
}
