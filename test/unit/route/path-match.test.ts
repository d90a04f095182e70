import { describe, expect, test } from '@jest/globals';
import { matchPath } from '../../../server/route/match-path.js';
import { canonicalPath } from '../../../server/route/path.js';
import { compileRoutes } from '../../../server/route/table.js';
import type { SiteRoute } from '../../../server/route/types.js';
import { Random } from '../../support/random.js';
import { routesOf } from '../../support/routes.js';

function siteOf(paths: readonly string[]): SiteRoute {
  const site = compileRoutes(routesOf([{ paths }])).site('192.0.2.1', 8080, 'http', '');
  if (site === null) throw new Error('the site has a binding');
  return site;
}

/** Path of the chosen application as configured, or the verdict. */
function choose(site: SiteRoute, path: string): string {
  const verdict = matchPath(site, path);
  return typeof verdict === 'string' ? verdict : verdict.application.path;
}

const many = siteOf(['/', '/app', '/App/Admin', '/a b', '/\u00fc', '/a.b', '/deep/er/path']);
const root = siteOf(['/']);
const sub = siteOf(['/app']);

describe('the application of a path', () => {
  test.each([
    ['/', '/'],
    ['/x', '/'],
    ['/app', '/app'],
    ['/app/', '/app'],
    ['/app/x', '/app'],
    ['/APP/x', '/app'],
    ['/apple', '/'],
    ['/app2/app', '/'],
    ['/app;v=1', '/'],
    ['/app/admin', '/App/Admin'],
    ['/APP/ADMIN/', '/App/Admin'],
    ['/app/administrator', '/app'],
    ['/app/admin/x/y/z', '/App/Admin'],
    ['/deep/er', '/'],
    ['/deep/er/path', '/deep/er/path'],
    ['/deep/er/pathx', '/'],
    ['/a%20b', '/a b'],
    ['/a%20b/c', '/a b'],
    ['/A%20B', '/a b'],
    ['/%C3%BC/x', '/\u00fc'],
    ['/%c3%bc', '/\u00fc'],
    ['/%C3%9C', '/'],
    ['/a.b', '/a.b'],
    ['/a.bc', '/'],
    ['/x%20y', '/'],
    ['/app/%20', '/app'],
    ['/app%2Fx', '/'],
    ['/app%2fx', '/'],
    ['/app%5Cx', '/'],
    ['/x//y', '/'],
    ['/app//x', '/app'],
    ['/app/./x', '/app'],
    ['/app/y/../x', '/app'],
    ['/a/..;/b', '/'],
    ['/%252e%252e/app', '/'],
    ['/%c0%ae%c0%ae/x', '/'],
    ['/...', '/'],
    ['/app/...', '/app'],
    ['/.well-known/x', '/'],
    ['/app/.hidden', '/app'],
    ['*', '/'],
  ])('%s belongs to %s', (path, application) => {
    expect(choose(many, path)).toBe(application);
  });

  test.each([
    '/%61pp',
    '/%61pp/x',
    '/ap%70/x',
    '//app',
    '/./app',
    '/x/../app',
    '/%2e/app',
    '/x/%2e%2e/app',
    '/app/../x',
    '/app/..',
    '/app/%2e%2e/x',
    '/app/admin/../x',
    '/app//admin',
    '/app/./admin',
    '/app/%61dmin',
    '/app/x/../admin',
    '/..',
    '/../x',
    '/app/../../x',
    '/%2e%2e/x',
    '/%00',
    '/app/%00x',
    '/a\\b',
    '/app\\..\\x',
    '/%',
    '/%z',
    '/%zz',
    '/app/%2',
    '/%2g',
    '/%-1',
    '/%+1',
    '/% 1',
    '/app%',
  ])('%s is refused: raw and canonical path disagree, or there is no canonical one', (path) => {
    expect(choose(many, path)).toBe('bad-path');
  });

  test.each(['/%61pp', '//app', '/x/../app', '/app/../x', '/a/./b', '/x%2Fy'])(
    '%s is harmless where one application has everything',
    (path) => {
      expect(choose(root, path)).toBe('/');
    },
  );

  test.each(['/%00', '/a\\b', '/%zz', '/../x', '/..'])('%s is refused there too', (path) => {
    expect(choose(root, path)).toBe('bad-path');
  });

  test('a site without an application at / knows only its paths', () => {
    expect(choose(sub, '/app/x')).toBe('/app');
    expect(choose(sub, '/x')).toBe('not-found');
    expect(choose(sub, '/apple')).toBe('not-found');
    expect(choose(sub, '/x%20')).toBe('not-found');
    expect(choose(sub, '*')).toBe('not-found');
    expect(choose(siteOf([]), '/')).toBe('not-found');
  });

  test.each([
    ['/a/b', '/a/b'],
    ['/', '/'],
    ['/a/', '/a/'],
    ['/a/.', '/a/'],
    ['/a/..', '/'],
    ['/a/b/..', '/a/'],
    ['//a///b', '/a/b'],
    ['/%41%2f%5C', '/A%2f%5C'],
    ['/%252F', '/%2F'],
    ['/a/../..', null],
    ['', null],
    ['a', null],
  ])('canonical form of %j', (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical);
  });

  test('the worker always sees a path of the application that was chosen, seed 7', () => {
    const random = new Random(7);
    const parts = [
      '/',
      'app',
      'admin',
      '..',
      '.',
      '%2e',
      '%61',
      '%2F',
      'x',
      '//',
      '%',
      '\\',
      'App',
      '%00',
      ';',
      ' b',
      '%20b',
      'a',
    ];
    let chosen = 0;
    for (let round = 0; round < 20_000; round++) {
      const path = `/${Array.from({ length: random.below(7) }, () => random.pick(parts)).join(random.pick(['', '/']))}`;
      const application = choose(many, path);
      if (application === 'bad-path' || application === 'not-found') continue;
      chosen++;
      const canonical = canonicalPath(path)?.toLowerCase() ?? '';
      const prefix = application === '/' ? '' : application.toLowerCase();
      if (!`${canonical}/`.startsWith(`${prefix}/`)) throw new Error(`${path} went to ${application}`);
    }
    expect(chosen).toBeGreaterThan(1_000);
  });
});
