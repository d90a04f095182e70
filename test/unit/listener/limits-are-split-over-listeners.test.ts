import { describe, expect, test } from '@jest/globals';
import type { RoutePool, Routes } from '../../../pools/protocol/snapshot.js';
import { RoutingBooks } from '../../../server/listener/routing.js';
import { Cells } from '../../../server/metrics/cells.js';
import { ApplicationState } from '../../../server/proxy/worker.js';
import { routesOf } from '../../support/routes.js';

function routes(listeners: number, pool: Partial<RoutePool> = {}, site: Partial<Routes['sites'][number]> = {}): Routes {
  const base = routesOf([{}]);
  return {
    ...base,
    pools: base.pools.map((one) => ({ ...one, ...pool })),
    sites: base.sites.map((one) => ({ ...one, ...site })),
    settings: { ...base.settings, listeners },
  };
}

describe('each listener has its share', () => {
  test('of the requests a worker may have and of the queue when the primary is silent', () => {
    const books = new RoutingBooks(new Cells());
    const limits = { maxConcurrentRequests: 3, queueLength: 10 };
    books.apply(routes(2, limits), (id) => new ApplicationState(id));
    expect(books.pool('pool')).toMatchObject({ concurrencyShare: 2, queueShare: 5 });
    books.apply(routes(4, limits), (id) => new ApplicationState(id));
    expect(books.pool('pool')).toMatchObject({ concurrencyShare: 1, queueShare: 2 });
  });

  test("of a site's connections, rounded up", () => {
    const books = new RoutingBooks(new Cells());
    const limited = routes(2, {}, { maxConnections: 5, maxConnectionsPerAddress: 3 });
    books.apply(limited, (id) => new ApplicationState(id));
    const [site] = limited.sites;
    if (site === undefined) throw new Error('no site');
    expect([1, 2, 3].map(() => books.enterSite(site, '10.0.0.1'))).toEqual([true, true, false]);
    expect(books.enterSite(site, '10.0.0.2')).toBe(true);
    expect(books.enterSite(site, '10.0.0.3')).toBe(false);
    books.leaveSite(site, '10.0.0.1');
    expect(books.enterSite(site, '10.0.0.3')).toBe(true);
  });
});

test('a changed interval is followed by the lines that are known', () => {
  const books = new RoutingBooks(new Cells());
  books.apply(routes(1, { rapidFailProtectionIntervalMs: 1_000 }), (id) => new ApplicationState(id));
  const lines = books.pool('pool')?.crashLines;
  books.apply(routes(1, { rapidFailProtectionIntervalMs: 9_000 }), (id) => new ApplicationState(id));
  expect(books.pool('pool')?.crashLines).toBe(lines);
  expect(lines?.intervalMs).toBe(9_000);
});
