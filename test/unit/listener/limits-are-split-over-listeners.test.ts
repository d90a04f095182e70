import { describe, expect, test } from '@jest/globals';
import type { RoutePool, Routes } from '../../../pools/protocol/snapshot.js';
import { RoutingBooks } from '../../../server/listener/routing.js';
import { Cells } from '../../../server/metrics/cells.js';
import { ApplicationState } from '../../../server/proxy/worker.js';
import { routesOf } from '../../support/routes.js';

function routes(listeners: number, pool: Partial<RoutePool> = {}): Routes {
  const base = routesOf([{}]);
  return {
    ...base,
    pools: base.pools.map((one) => ({ ...one, ...pool })),
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
});

test('a changed interval is followed by the lines that are known', () => {
  const books = new RoutingBooks(new Cells());
  books.apply(routes(1, { rapidFailProtectionIntervalMs: 1_000 }), (id) => new ApplicationState(id));
  const lines = books.pool('pool')?.crashLines;
  books.apply(routes(1, { rapidFailProtectionIntervalMs: 9_000 }), (id) => new ApplicationState(id));
  expect(books.pool('pool')?.crashLines).toBe(lines);
  expect(lines?.intervalMs).toBe(9_000);
});
