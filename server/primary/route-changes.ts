/** What listeners have to learn of a new configuration: the sites and pools that differ, not all of them. */
import { routesPerMessageMax } from '../../config/base/limits.js';
import type { ApplicationConfig, CompiledConfig, SiteConfig } from '../../config/model.js';
import type { RemovedRoutes, Routes } from '../../pools/protocol/snapshot.js';
import { isSame } from '../../pools/supervisor/rules.js';
import { routesOf } from './routes.js';

export interface RoutesChange {
  readonly routes: Routes;
  readonly removed: RemovedRoutes;
}

/** A pool that has changed takes the sites that use it along: what they say of it may differ too. */
export function changedRoutes(before: CompiledConfig, after: CompiledConfig): RoutesChange {
  const oldPools = new Map(before.pools.map((pool) => [pool.name, pool]));
  const oldSites = new Map(before.sites.map((site) => [site.name, site]));
  const oldApplications = bySite(before);
  const applications = bySite(after);
  const pools = after.pools.filter((pool) => !isSame(oldPools.get(pool.name), pool));
  const changedPools = new Set(pools.map(({ name }) => name));
  const isKept = (site: SiteConfig): boolean => {
    const own = applications.get(site.name) ?? none;
    const old = oldApplications.get(site.name) ?? none;
    if (own.length !== old.length || !isSame(oldSites.get(site.name), site)) return false;
    return own.every((one, index) => isSame(old[index], one) && !changedPools.has(one.pool));
  };
  const sites = after.sites.filter((site) => !isKept(site));
  const poolNames = new Set(after.pools.map(({ name }) => name));
  const siteNames = new Set(after.sites.map(({ name }) => name));
  return {
    routes: routesOf(after, {
      sites,
      pools,
      applications: sites.flatMap(({ name }) => applications.get(name) ?? none),
    }),
    removed: {
      sites: before.sites.flatMap(({ name }) => (siteNames.has(name) ? [] : [name])),
      pools: before.pools.flatMap(({ name }) => (poolNames.has(name) ? [] : [name])),
    },
  };
}

/**
 * All routes for a listener that knows none, in messages that neither side chokes on; the first replaces, the
 * others add.
 */
export function* routesInParts(routes: Routes): Generator<RoutesChange> {
  const parts = Math.max(1, Math.ceil(routes.sites.length / routesPerMessageMax));
  const applications = slots(routes.applications, parts);
  const bindings = slots(routes.bindings, parts);
  for (let part = 0; part < parts; part++) {
    const from = part * routesPerMessageMax;
    const local = <T extends { readonly siteIndex: number }>(one: T): T => ({
      ...one,
      siteIndex: one.siteIndex - from,
    });
    yield {
      routes: {
        settings: routes.settings,
        pools: part === 0 ? routes.pools : [],
        sites: routes.sites.slice(from, from + routesPerMessageMax),
        applications: (applications[part] ?? []).map(local),
        bindings: (bindings[part] ?? []).map(local),
      },
      removed: { sites: [], pools: [] },
    };
  }
}

function slots<T extends { readonly siteIndex: number }>(all: readonly T[], parts: number): readonly T[][] {
  const found: T[][] = Array.from({ length: parts }, () => []);
  for (const one of all) found[Math.floor(one.siteIndex / routesPerMessageMax)]?.push(one);
  return found;
}

const none: readonly ApplicationConfig[] = [];

function bySite(config: CompiledConfig): ReadonlyMap<string, readonly ApplicationConfig[]> {
  const found = new Map<string, ApplicationConfig[]>();
  for (const one of config.applications) {
    const known = found.get(one.site);
    if (known === undefined) found.set(one.site, [one]);
    else known.push(one);
  }
  return found;
}
