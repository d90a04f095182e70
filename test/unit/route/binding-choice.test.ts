import { describe, expect, test } from '@jest/globals';
import { compileRoutes } from '../../../server/route/table.js';
import { routesOf, type SiteSketch } from '../../support/routes.js';

/** Index of the chosen site in the list, or null. */
function choose(
  sites: readonly SiteSketch[],
  address: string,
  host: string,
  port = 8080,
  scheme: 'http' | 'https' = 'http',
): number | null {
  const site = compileRoutes(routesOf(sites)).site(address, port, scheme, host);
  return site === null ? null : Number(site.site.name.slice('site'.length));
}

const ladder: SiteSketch[] = [
  { host: 'a.example.com', address: '*' },
  { host: 'a.example.com', address: '192.0.2.1' },
  { host: '*.example.com', address: '*' },
  { host: '*.example.com', address: '192.0.2.1' },
  { host: '*.b.example.com', address: '*' },
  { host: '', address: '192.0.2.1' },
  { host: '', address: '*' },
];

describe('the binding of a request', () => {
  test.each([
    ['192.0.2.1', 'a.example.com', 1],
    ['192.0.2.9', 'a.example.com', 0],
    ['192.0.2.1', 'z.example.com', 3],
    ['192.0.2.9', 'z.example.com', 2],
    ['192.0.2.9', 'y.z.example.com', 2],
    ['192.0.2.9', 'x.b.example.com', 4],
    ['192.0.2.1', 'x.b.example.com', 4],
    ['192.0.2.1', 'b.example.com', 3],
    ['192.0.2.1', 'example.com', 5],
    ['192.0.2.9', 'example.com', 6],
    ['192.0.2.1', '', 5],
    ['192.0.2.9', '', 6],
    ['::ffff:192.0.2.1', 'a.example.com', 1],
    ['::ffff:192.0.2.1', '', 5],
    ['2001:db8::1', '', 6],
    ['192.0.2.9', 'evila.example.com', 2],
    ['192.0.2.9', 'a.example.com.evil', 6],
    ['192.0.2.9', 'evilexample.com', 6],
    ['192.0.2.9', '[::1]', 6],
    ['192.0.2.9', '__proto__', 6],
  ])('at %s for host %j', (address, host, index) => {
    expect(choose(ladder, address, host)).toBe(index);
  });

  test('no binding, no site', () => {
    const named = [{ host: 'a.test' }];
    expect(choose(named, '192.0.2.1', 'b.test')).toBeNull();
    expect(choose(named, '192.0.2.1', '')).toBeNull();
    expect(choose(named, '192.0.2.1', 'a.test', 8081)).toBeNull();
    expect(choose(named, '192.0.2.1', 'a.test', 8080, 'https')).toBeNull();
    expect(choose([{ address: '192.0.2.1' }], '192.0.2.2', '')).toBeNull();
    expect(choose([], '192.0.2.2', '')).toBeNull();
  });

  test('an exact host bound to another address gives way to the wildcard', () => {
    expect(choose([{ host: 'a.x.test', address: '192.0.2.1' }, { host: '*.x.test' }], '192.0.2.2', 'a.x.test')).toBe(1);
  });

  test('a mapped address in the configuration is the plain one', () => {
    expect(choose([{ address: '::ffff:192.0.2.1' }], '192.0.2.1', '')).toBe(0);
  });

  test('ten thousand sites on one port are told apart', () => {
    const table = compileRoutes(routesOf(Array.from({ length: 10_000 }, (_, i) => ({ host: `site${i}.test` }))));
    for (let i = 0; i < 10_000; i += 7) {
      expect(table.site('192.0.2.1', 8080, 'http', `site${i}.test`)?.site.name).toBe(`site${i}`);
    }
    expect(table.site('192.0.2.1', 8080, 'http', 'site10000.test')).toBeNull();
  });
});
