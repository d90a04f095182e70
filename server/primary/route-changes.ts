/** What listeners have to learn of a new configuration: the sites and pools that differ, not all of them. */
import { routesPerMessageMax } from '../../config/base/limits.js';
import { differing } from '../../config/change/patch.js';
import type { CompiledConfig } from '../../config/model.js';
import type { RemovedRoutes, Routes } from '../../pools/protocol/snapshot.js';
import { isSame } from '../../pools/supervisor/rules.js';
import { routesOf } from './routes.js';

export interface RoutesChange {
  readonly routes: Routes;
  readonly removed: RemovedRoutes;
}

/** A pool that has changed takes the sites that use it along: what they say of it may differ too. */
export function changedRoutes(before: CompiledConfig, after: CompiledConfig): RoutesChange {
  const pools = changes(before.pools, after.pools, ({ name }) => name);
  const sites = changes(before.sites, after.sites, ({ name }) => name);
  const applications = changes(before.applications, after.applications, ({ id }) => id);
  const names = new Set(sites.come.map(({ name }) => name));
  for (const { site } of [...applications.come, ...applications.gone]) names.add(site);
  if (pools.come.length > 0) {
    const changedPools = new Set(pools.come.map(({ name }) => name));
    for (const { pool, site } of after.applications) if (changedPools.has(pool)) names.add(site);
  }
  const part = {
    pools: pools.come,
    sites: after.sites.filter(({ name }) => names.has(name)),
    applications: after.applications.filter(({ site }) => names.has(site)),
  };
  return {
    routes: routesOf(after, part),
    removed: { sites: sites.gone.map(({ name }) => name), pools: pools.gone.map(({ name }) => name) },
  };
}

/** What is new or not as it was, and what is no more. */
function changes<T>(
  before: readonly T[],
  after: readonly T[],
  nameOf: (one: T) => string,
): { readonly come: readonly T[]; readonly gone: readonly T[] } {
  const middle = differing(before, after);
  const old = new Map(middle.before.map((one) => [nameOf(one), one]));
  const names = new Set(middle.after.map(nameOf));
  return {
    come: middle.after.filter((one) => !isSame(old.get(nameOf(one)), one)),
    gone: middle.before.filter((one) => !names.has(nameOf(one))),
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
