import { describe, expect, test } from '@jest/globals';
import type { Routes } from '../../../pools/protocol/snapshot.js';
import { RoutingBooks } from '../../../server/listener/routing.js';
import { Cells } from '../../../server/metrics/cells.js';
import { listenerMetrics as metrics } from '../../../server/metrics/definitions.js';
import { ApplicationState } from '../../../server/proxy/worker.js';
import { routesOf } from '../../support/routes.js';

/** One site with one application in the pool of this name. */
function routes(pool: string): Routes {
  const base = routesOf([{}]);
  return {
    ...base,
    pools: base.pools.map((one) => ({ ...one, name: pool })),
    applications: base.applications.map((one) => ({ ...one, id: pool, pool })),
  };
}

class Stage {
  readonly cells = new Cells();
  readonly books = new RoutingBooks(this.cells);
  readonly applications = new Map<string, ApplicationState>();

  apply(next: Routes): void {
    for (const one of this.applications.values()) one.isRouted = false;
    this.books.apply(next, (id) => {
      const found = this.applications.get(id) ?? new ApplicationState(id);
      this.applications.set(id, found);
      return found;
    });
  }

  tick(): readonly string[] {
    const taken = this.cells.take().map(({ series }) => series);
    for (const one of this.applications.values()) {
      if (!one.isRouted && one.requests === 0) this.applications.delete(one.id);
    }
    this.books.forgetUnused(this.applications.values());
    return taken;
  }
}

test('a removed pool goes with its series once none of its requests is in flight', () => {
  const stage = new Stage();
  stage.apply(routes('old'));
  const old = stage.books.pool('old');
  const application = stage.applications.get('old');
  if (old === undefined || application === undefined) throw new Error('not there');
  old.requests = 1;
  application.requests = 1;
  stage.apply(routes('new'));
  stage.tick();
  expect(stage.books.pool('old')).toBe(old);
  old.cells.add(old.cells.retries, 1);
  application.cells?.count(0, 1, 0, 5);
  old.requests = 0;
  application.requests = 0;
  const last = stage.tick();
  expect(last).toContain('sluice_retries_total\0old');
  expect(last.some((series) => series.startsWith('sluice_http_requests_total\0site0\0old'))).toBe(true);
  expect(stage.books.pool('old')).toBeUndefined();
  expect(stage.books.pool('new')).toBeDefined();
});

test('a pool that comes and goes with every reload takes no more room', () => {
  const stage = new Stage();
  const highest: number[] = [];
  for (let round = 0; round < 200; round += 1) {
    stage.apply(routes(`pool${round}`));
    stage.tick();
    highest.push(stage.cells.declare(metrics.connections, ['idle']));
    const probe = stage.books.pool(`pool${round}`)?.cells.retries ?? -1;
    highest.push(probe);
  }
  // Two generations are alive at a time: the second hundred lies where the first did.
  expect(Math.max(...highest.slice(200))).toBeLessThanOrEqual(Math.max(...highest.slice(0, 20)));
});

describe('cells', () => {
  test('a place that is used again starts at zero and sends its gauge anew', () => {
    const cells = new Cells();
    const first = cells.declare(metrics.queueLength, ['a']);
    cells.set(first, 7);
    cells.take();
    cells.drop((_site, pool) => pool === 'a');
    const second = cells.declare(metrics.queueLength, ['b']);
    expect(second).toBe(first);
    expect(cells.take()).toEqual([{ series: 'sluice_queue_length\0b', values: [0] }]);
  });

  test('series without a pool are never dropped', () => {
    const cells = new Cells();
    const at = cells.declare(metrics.connections, ['idle']);
    cells.drop(() => true);
    expect(cells.declare(metrics.connections, ['idle'])).toBe(at);
  });
});
