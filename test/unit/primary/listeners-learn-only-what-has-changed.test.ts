import { expect, test } from '@jest/globals';
import type { CompiledConfig } from '../../../config/model.js';
import type { Routes } from '../../../pools/protocol/snapshot.js';
import { RoutingBooks } from '../../../server/listener/routing.js';
import { Cells } from '../../../server/metrics/cells.js';
import { changedRoutes, routesInParts } from '../../../server/primary/route-changes.js';
import { routesOf } from '../../../server/primary/routes.js';
import { ApplicationState } from '../../../server/proxy/worker.js';
import { matchPath } from '../../../server/route/table.js';
import { sampleApplication, sampleConfig, samplePool } from '../../support/sample-pools.js';

/** Sites of one application and one pool each; each answers to its own name. */
function configOf(names: readonly string[]): CompiledConfig {
  const base = sampleConfig(
    names.map((name) => samplePool(name)),
    names.map((name) => ({ ...sampleApplication(name, '/'), id: `${name}/`, site: name })),
  );
  const [site] = base.sites;
  if (site === undefined) throw new Error('the sample has no site');
  const binding = { protocol: 'http', address: '*', port: 80, proxyProtocol: [], h2c: false, tls: null } as const;
  return { ...base, sites: names.map((name) => ({ ...site, name, bindings: [{ ...binding, host: `${name}.test` }] })) };
}

class Listener {
  readonly books = new RoutingBooks(new Cells());
  readonly states = new Map<string, ApplicationState>();
  state = this.books.apply(routesOf(configOf([])), (id) => new ApplicationState(id));

  apply(routes: Routes, removed?: ReturnType<typeof changedRoutes>['removed']): void {
    const application = (id: string): ApplicationState => {
      const known = this.states.get(id) ?? new ApplicationState(id);
      this.states.set(id, known);
      return known;
    };
    this.state = this.books.apply(routes, application, removed);
  }

  /** The application that a request to this host reaches. */
  ask(host: string): string {
    const site = this.state.table.site('192.0.2.1', 80, 'http', host);
    const route = site === null ? 'not-found' : matchPath(site, '/');
    return typeof route === 'string' ? route : (this.state.applications[route.index]?.id ?? 'none');
  }
}

test('a listener that learns the differences knows what one that learns everything knows', () => {
  const before = configOf(['a', 'b', 'c', 'd']);
  const changedPool = samplePool('b', { queueLength: 5 });
  const after: CompiledConfig = {
    ...configOf(['a', 'b', 'c', 'e']),
    pools: [before.pools[0], changedPool, before.pools[2], samplePool('e')].flatMap((pool) => pool ?? []),
  };
  const { routes, removed } = changedRoutes(before, after);
  expect(routes.sites.map(({ name }) => name)).toEqual(['b', 'e']);
  expect(routes.pools.map(({ name }) => name)).toEqual(['b', 'e']);
  expect(removed).toEqual({ sites: ['d'], pools: ['d'] });
  const listener = new Listener();
  listener.apply(routesOf(before));
  const kept = listener.state.table.site('', 80, 'http', 'a.test');
  listener.apply(routes, removed);
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => listener.ask(`${name}.test`))).toEqual([
    'a/',
    'b/',
    'c/',
    'not-found',
    'e/',
  ]);
  expect(listener.state.table.site('', 80, 'http', 'a.test')).toBe(kept);
  expect(listener.books.pool('b')?.queueShare).toBe(Math.floor(5 / after.server.listeners));
  expect([...listener.states].map(([id, { isRouted }]) => [id, isRouted])).toEqual([
    ['a/', true],
    ['b/', true],
    ['c/', true],
    ['d/', false],
    ['e/', true],
  ]);
});

test('an unchanged configuration is an empty difference', () => {
  const config = configOf(['a', 'b']);
  const { routes, removed } = changedRoutes(config, structuredClone(config));
  expect([routes.sites, routes.applications, routes.bindings, routes.pools]).toEqual([[], [], [], []]);
  expect(removed).toEqual({ sites: [], pools: [] });
});

test('hosts change hands between sites in one step', () => {
  const before = configOf(['a', 'b']);
  const [a, b] = before.sites;
  if (a === undefined || b === undefined) throw new Error('no sites');
  const after = {
    ...before,
    sites: [
      { ...a, bindings: b.bindings },
      { ...b, bindings: a.bindings },
    ],
  };
  const listener = new Listener();
  listener.apply(routesOf(before));
  const { routes, removed } = changedRoutes(before, after);
  listener.apply(routes, removed);
  expect([listener.ask('a.test'), listener.ask('b.test')]).toEqual(['b/', 'a/']);
});

test('all routes travel in parts that give the same whole', () => {
  const config = configOf(Array.from({ length: 1_203 }, (_, index) => `s${index}`));
  const listener = new Listener();
  const parts = [...routesInParts(routesOf(config))];
  expect(parts.map(({ routes }) => routes.sites.length)).toEqual([500, 500, 203]);
  for (const [index, { routes, removed }] of parts.entries()) listener.apply(routes, index === 0 ? undefined : removed);
  for (const number of [0, 499, 500, 1_202]) expect(listener.ask(`s${number}.test`)).toBe(`s${number}/`);
  expect(listener.ask('s1203.test')).toBe('not-found');
});
