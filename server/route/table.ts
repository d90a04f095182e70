// HOT: measured by test/bench/http1.bench.ts
import type { RouteBinding, Routes, RouteSite } from '../../pools/protocol/snapshot.js';
import { asciiLower, canonicalPath, urlPath } from './path.js';
import type { AppRoute, SiteRoute } from './types.js';

export { matchPath } from './match-path.js';

/** Sites of one host on one port: an address-bound binding beats one for every address. */
interface Bucket {
  byAddress: Map<string, SiteRoute> | null;
  any: SiteRoute | null;
}

/** Everything bound to one port with one scheme. */
interface PortIndex {
  readonly exact: Map<string, Bucket>;
  /** Key: the suffix with its leading dot. */
  readonly wildcard: Map<string, Bucket>;
  readonly noHost: Bucket;
}

/**
 * Chooses the site of a request as HTTP.sys does: exact host, then wildcard host (the longest suffix
 * first), then no host; in each the binding of the local address before the one of every address.
 */
export class RouteTable {
  private readonly http = new Map<number, PortIndex>();
  private readonly https = new Map<number, PortIndex>();

  add(binding: RouteBinding, site: SiteRoute): void {
    const ports = binding.scheme === 'https' ? this.https : this.http;
    let index = ports.get(binding.port);
    if (index === undefined) {
      index = { exact: new Map(), wildcard: new Map(), noHost: { byAddress: null, any: null } };
      ports.set(binding.port, index);
    }
    place(bucketOf(index, binding.host), binding.address, site);
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

function bucketOf(index: PortIndex, host: string): Bucket {
  if (host === '') return index.noHost;
  const map = host.startsWith('*.') ? index.wildcard : index.exact;
  const key = host.startsWith('*.') ? host.slice(1) : host;
  let bucket = map.get(key);
  if (bucket === undefined) {
    bucket = { byAddress: null, any: null };
    map.set(key, bucket);
  }
  return bucket;
}

/** The first binding wins; that two are equal is found when the configuration is checked. */
function place(bucket: Bucket, address: string, site: SiteRoute): void {
  if (address === '*') {
    bucket.any ??= site;
    return;
  }
  const plain = plainAddress(address);
  const byAddress = (bucket.byAddress ??= new Map());
  if (!byAddress.has(plain)) byAddress.set(plain, site);
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
  const bySite: AppRoute[][] = routes.sites.map(() => []);
  for (const [index, application] of routes.applications.entries()) {
    const site = routes.sites[application.siteIndex];
    if (site === undefined) continue;
    const prefix = withoutSlash(asciiLower(canonicalPath(urlPath(application.path)) ?? application.path));
    bySite[application.siteIndex]?.push(Object.freeze({ index, prefix, application, site }));
  }
  const table = new RouteTable();
  const sites = routes.sites.map((site, index) => compileSite(site, bySite[index] ?? []));
  for (const binding of routes.bindings) {
    const site = sites[binding.siteIndex];
    if (site !== undefined) table.add(binding, binding.tls === null ? site : { ...site, tls: binding.tls });
  }
  return table;
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
