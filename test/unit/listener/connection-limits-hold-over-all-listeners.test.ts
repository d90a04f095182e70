import { beforeEach, expect, test } from '@jest/globals';
import { spendingEntriesMax, spendingIntervalMs } from '../../../config/base/limits.js';
import type { RouteSite } from '../../../pools/protocol/snapshot.js';
import { AddressCounts } from '../../../server/listener/address-counts.js';
import { SiteConnections } from '../../../server/listener/site-connections.js';
import { ManualClock } from '../../support/manual-clock.js';
import { routesOf } from '../../support/routes.js';

const unlimited = 0xffff_ffff;

let clock: ManualClock;
let listeners: Map<number, SiteConnections>;
let messages: number;

/** What the primary does: every message goes to the others, and each hears who comes and who is gone. */
function join(id: number): SiteConnections {
  const listener = new SiteConnections(clock, (message) => {
    if (message.type !== 'held') throw new Error(message.type);
    messages += 1;
    for (const [other, one] of listeners) {
      if (other !== id) one.receive({ type: 'held', listener: id, held: message.held });
    }
  });
  listeners.set(id, listener);
  for (const [other, one] of listeners) if (other !== id) one.receive({ type: 'listener-joined' });
  return listener;
}

function gone(id: number): void {
  listeners.delete(id);
  for (const one of listeners.values()) one.receive({ type: 'listener-gone', listener: id });
}

/** A moment later every listener knows what the others have. */
function told(): void {
  clock.advance(4 * spendingIntervalMs);
}

function siteOf(limits: Partial<RouteSite>): RouteSite {
  const [site] = routesOf([{}]).sites;
  if (site === undefined) throw new Error('no site');
  return { ...site, maxConnections: unlimited, ...limits };
}

/** How many of so many connections find room. */
function entered(listener: SiteConnections, site: RouteSite, address: string, count: number): number {
  return Array.from({ length: count }, () => listener.enter(site, address)).filter(Boolean).length;
}

beforeEach(() => {
  clock = new ManualClock();
  listeners = new Map();
  messages = 0;
});

test.each(['maxConnections', 'maxConnectionsPerAddress'] as const)(
  '%s: a client gets its limit, however its connections spread, and no more',
  (limit) => {
    const [first, second] = [join(1), join(2)];
    const site = siteOf({ [limit]: 10 });
    expect(entered(first, site, '10.0.0.1', 7)).toBe(7);
    told();
    expect(entered(second, site, '10.0.0.1', 7)).toBe(3);
    told();
    expect(entered(first, site, '10.0.0.1', 1)).toBe(0);
    second.leave(site, '10.0.0.1');
    told();
    expect(entered(first, site, '10.0.0.1', 2)).toBe(1);
  },
);

test('one listener alone may hold all of a limit', () => {
  const [first] = [join(1), join(2)];
  expect(entered(first, siteOf({ maxConnectionsPerAddress: 10 }), '10.0.0.1', 20)).toBe(10);
});

test('clients of IPv6 count by their /64, and each client for itself', () => {
  const listener = join(1);
  const site = siteOf({ maxConnectionsPerAddress: 1 });
  const enters = (address: string): boolean => listener.enter(site, address);
  expect(['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', '10.0.0.1', '10.0.0.2'].map(enters)).toEqual([
    true,
    false,
    true,
    true,
    true,
  ]);
});

test("a trusted proxy's connections count at the site, its clients while they are served", () => {
  const listener = join(1);
  const site = siteOf({ maxConnections: 3, maxConnectionsPerAddress: 1 });
  expect(entered(listener, site, '', 4)).toBe(3);
  expect(listener.enterClient(site, '10.0.0.1')).toBe(true);
  expect(listener.enterClient(site, '10.0.0.1')).toBe(false);
  listener.leaveClient(site, '10.0.0.1');
  expect(listener.enterClient(site, '10.0.0.1')).toBe(true);
});

test('a listener that ends leaves nothing behind, and one that comes is told everything', () => {
  const [first] = [join(1), join(2)];
  const site = siteOf({ maxConnectionsPerAddress: 10 });
  entered(first, site, '10.0.0.1', 6);
  told();
  const third = join(3);
  told();
  expect(entered(third, site, '10.0.0.1', 10)).toBe(4);
  gone(1);
  expect(entered(third, site, '10.0.0.1', 10)).toBe(6);
});

test('a limit that has gone while connections last does not stay counted elsewhere', () => {
  const [first, second] = [join(1), join(2)];
  const before = siteOf({ maxConnections: 5 });
  entered(first, before, '10.0.0.1', 5);
  told();
  for (let n = 0; n < 5; n += 1) first.leave(siteOf({}), '10.0.0.1');
  told();
  expect(entered(second, before, '10.0.0.1', 9)).toBe(5);
});

test('nothing is told of sites without limits, nor of what came and went; much is told in pieces', () => {
  const [first, second] = [join(1), join(2)];
  const site = siteOf({ maxConnectionsPerAddress: 1 });
  entered(first, siteOf({}), '10.0.0.1', 50);
  told();
  expect(messages).toBe(0);
  for (let n = 0; n < 20; n += 1) {
    first.enter(site, '10.0.0.9');
    clock.advance(spendingIntervalMs / 3);
    first.leave(site, '10.0.0.9');
    expect(second.enter(site, '10.0.0.9')).toBe(true);
    clock.advance(spendingIntervalMs / 3);
    second.leave(site, '10.0.0.9');
  }
  told();
  expect(messages).toBe(0);
  const address = (n: number): string => `10.1.${n >> 8}.${n & 255}`;
  for (let n = 0; n <= spendingEntriesMax; n += 1) first.enter(site, address(n));
  told();
  expect(messages).toBe(2);
  expect(second.enter(site, address(spendingEntriesMax))).toBe(false);
});

test('the server as a whole counts from accept, beside the sites, under whatever stands for a connection', () => {
  const [first, second] = [join(1), join(2)];
  const [here, there] = [new AddressCounts(first), new AddressCounts(second)];
  const [accepted, secured] = [{}, {}];
  expect(here.enter({}, '2001:db8::1')).toBe(true);
  here.setLimit(2);
  there.setLimit(2);
  expect(here.enter(accepted, '2001:db8::1')).toBe(true);
  told();
  expect(there.enter({}, '2001:db8::2')).toBe(true);
  told();
  expect([here.enter({}, '2001:db8::3'), there.enter({}, '2001:db8::3')]).toEqual([false, false]);
  expect(first.enterClient(siteOf({ maxConnectionsPerAddress: 1 }), '2001:db8::3')).toBe(true);
  here.move(accepted, secured);
  here.leave(accepted);
  told();
  expect(there.enter({}, '2001:db8::3')).toBe(false);
  here.setLimit(0);
  here.leave(secured);
  told();
  expect(there.enter({}, '2001:db8::3')).toBe(true);
});
