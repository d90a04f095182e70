// HOT: measured by test/bench/http1.bench.ts
import type { RouteBinding, Routes, RouteSite } from '../../pools/protocol/snapshot.js';
import { asciiLower, canonicalPath, urlPath } from './path.js';
import type { AppRoute, SiteRoute } from './types.js';

export { matchPath } from './match-path.js';

/** Sites of one host on one port: an address-bound binding beats one for every address. */
interface Bucket {
  readonly byAddress: ReadonlyMap<string, SiteRoute> | null;
  readonly any: SiteRoute | null;
}

/** Everything bound to one port with one scheme. */
interface PortIndex {
  readonly exact: ReadonlyMap<string, Bucket>;
  /** Key: the suffix with its leading dot. */
  readonly wildcard: ReadonlyMap<string, Bucket>;
  readonly noHost: Bucket;
}

type Ports = ReadonlyMap<number, PortIndex>;

/** A site with what binds it; `routes` are in the order of its bindings. */
export interface BoundSite {
  readonly bindings: readonly RouteBinding[];
  readonly routes: readonly SiteRoute[];
}

const noBucket: Bucket = { byAddress: null, any: null };

/**
 * Chooses the site of a request as HTTP.sys does: exact host, then wildcard host (the longest suffix
 * first), then no host; in each the binding of the local address before the one of every address.
 * Never changed: the next one is made from it and shares what stays.
 */
export class RouteTable {
  private readonly http: Ports;
  private readonly https: Ports;

  constructor(http: Ports = new Map(), https: Ports = new Map()) {
    this.http = http;
    this.https = https;
  }

  /** A table without `left` and with `come`; a binding that one gives up another may take. */
  with(left: readonly BoundSite[], come: readonly BoundSite[]): RouteTable {
    const http = new PortsEdit(this.http);
    const https = new PortsEdit(this.https);
    const each = (
      sites: readonly BoundSite[],
      change: (bucket: Bucket, one: RouteBinding, site: SiteRoute) => Bucket,
    ): void => {
      for (const { bindings, routes } of sites) {
        for (const [index, binding] of bindings.entries()) {
          const site = routes[index];
          const ports = binding.scheme === 'https' ? https : http;
          if (site !== undefined) ports.edit(binding, (bucket) => change(bucket, binding, site));
        }
      }
    };
    each(left, (bucket, { address }, site) => without(bucket, address, site));
    each(come, (bucket, { address }, site) => place(bucket, address, site));
    return new RouteTable(http.ports, https.ports);
  }

  /**
   * `host` as in `RequestHead.host`, '' = none. An address of an IPv4 connection on a dual-stack socket
   * may stand as `::ffff:a.b.c.d`. null = nobody serves this host here.
   */
  site(localAddress: string, localPort: number, scheme: 'http' | 'https', host: string): SiteRoute | null {
    const index = (scheme === 'https' ? this.https : this.http).get(localPort);
    if (index === undefined) return null;
    const address = plainAddress(localAddress);
    if (host !== '') {
      const exact = index.exact.get(host);
      const site = exact === undefined ? null : choose(exact, address);
      if (site !== null) return site;
      if (index.wildcard.size > 0) {
        const wild = wildcardSite(index.wildcard, address, host);
        if (wild !== null) return wild;
      }
    }
    return choose(index.noHost, address);
  }
}

/** Copies the index of a port when its first binding changes; the others are those of before. */
class PortsEdit {
  readonly ports: Map<number, PortIndex>;
  private readonly own = new Map<
    number,
    { exact: Map<string, Bucket>; wildcard: Map<string, Bucket>; noHost: Bucket }
  >();

  constructor(before: Ports) {
    this.ports = new Map(before);
  }

  edit({ port, host }: RouteBinding, change: (bucket: Bucket) => Bucket): void {
    const index = this.indexOf(port);
    if (host === '') {
      index.noHost = change(index.noHost);
      return;
    }
    const isWild = host.startsWith('*.');
    const map = isWild ? index.wildcard : index.exact;
    const key = isWild ? host.slice(1) : host;
    const bucket = change(map.get(key) ?? noBucket);
    if (bucket.any === null && bucket.byAddress === null) map.delete(key);
    else map.set(key, bucket);
  }

  private indexOf(port: number): { exact: Map<string, Bucket>; wildcard: Map<string, Bucket>; noHost: Bucket } {
    const known = this.own.get(port);
    if (known !== undefined) return known;
    const before = this.ports.get(port);
    const index = {
      exact: new Map(before?.exact),
      wildcard: new Map(before?.wildcard),
      noHost: before?.noHost ?? noBucket,
    };
    this.own.set(port, index);
    this.ports.set(port, index);
    return index;
  }
}

/** The first binding wins; that two are equal is found when the configuration is checked. */
function place(bucket: Bucket, address: string, site: SiteRoute): Bucket {
  if (address === '*') return bucket.any === null ? { ...bucket, any: site } : bucket;
  const plain = plainAddress(address);
  if (bucket.byAddress?.has(plain) === true) return bucket;
  return { ...bucket, byAddress: new Map(bucket.byAddress).set(plain, site) };
}

function without(bucket: Bucket, address: string, site: SiteRoute): Bucket {
  if (address === '*') return bucket.any === site ? { ...bucket, any: null } : bucket;
  const plain = plainAddress(address);
  if (bucket.byAddress?.get(plain) !== site) return bucket;
  const byAddress = new Map(bucket.byAddress);
  byAddress.delete(plain);
  return { ...bucket, byAddress: byAddress.size === 0 ? null : byAddress };
}

function choose(bucket: Bucket, address: string): SiteRoute | null {
  if (bucket.byAddress === null) return bucket.any;
  return bucket.byAddress.get(address) ?? bucket.any;
}

function wildcardSite(wildcard: ReadonlyMap<string, Bucket>, address: string, host: string): SiteRoute | null {
  for (let dot = host.indexOf('.'); dot > 0; dot = host.indexOf('.', dot + 1)) {
    const bucket = wildcard.get(host.slice(dot));
    const site = bucket === undefined ? null : choose(bucket, address);
    if (site !== null) return site;
  }
  return null;
}

/** `::ffff:192.0.2.1` -> `192.0.2.1`; everything else unchanged. */
function plainAddress(address: string): string {
  return address.charCodeAt(0) === 0x3a && address.startsWith('::ffff:') && address.includes('.')
    ? address.slice(7)
    : address;
}

/** Builds the table of one snapshot; sites without a binding are in nobody's way. */
export function compileRoutes(routes: Routes): RouteTable {
  return new RouteTable().with([], bindSites(routes));
}

/** The sites of `routes` in their order. `indexes`: `AppRoute.index` of its applications; their own by default. */
export function bindSites(routes: Routes, indexes?: readonly number[]): readonly BoundSite[] {
  const applications: AppRoute[][] = routes.sites.map(() => []);
  for (const [at, application] of routes.applications.entries()) {
    const site = routes.sites[application.siteIndex];
    if (site === undefined) continue;
    const prefix = withoutSlash(asciiLower(canonicalPath(urlPath(application.path)) ?? application.path));
    const index = indexes?.[at] ?? at;
    applications[application.siteIndex]?.push(Object.freeze({ index, prefix, application, site }));
  }
  const bindings: RouteBinding[][] = routes.sites.map(() => []);
  for (const binding of routes.bindings) bindings[binding.siteIndex]?.push(binding);
  return routes.sites.map((site, index) => {
    const compiled = compileSite(site, applications[index] ?? []);
    const own = bindings[index] ?? [];
    return { bindings: own, routes: own.map(({ tls }) => (tls === null ? compiled : { ...compiled, tls })) };
  });
}

function compileSite(site: RouteSite, applications: AppRoute[]): SiteRoute {
  applications.sort((a, b) => b.prefix.length - a.prefix.length);
  const byCanonicalPath = new Map<string, AppRoute>();
  const byRawPath = new Map<string, AppRoute>();
  let prefixLengthMax = 0;
  for (const app of applications) {
    const raw = withoutSlash(asciiLower(urlPath(app.application.path)));
    if (!byCanonicalPath.has(app.prefix)) byCanonicalPath.set(app.prefix, app);
    if (!byRawPath.has(raw)) byRawPath.set(raw, app);
    prefixLengthMax = Math.max(prefixLengthMax, app.prefix.length, raw.length);
  }
  const first = applications[0];
  const only = applications.length === 1 && first?.prefix === '' ? first : null;
  return { site, tls: null, applications, only, byCanonicalPath, byRawPath, prefixLengthMax };
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
