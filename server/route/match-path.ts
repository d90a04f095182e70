// HOT: measured by test/bench/http1.bench.ts
import { asciiLower, canonicalPath, isPlainPath } from './path.js';
import type { AppRoute, PathVerdict, SiteRoute } from './types.js';

/**
 * The application of a path (without query): the longest application path that ends at a segment boundary,
 * in ASCII without regard to case. `bad-path` = the path has no canonical form, or raw and canonical form
 * belong to different applications: the worker would then see another path than the one that was routed.
 */
export function matchPath(site: SiteRoute, rawPath: string): PathVerdict {
  if (isPlainPath(rawPath)) {
    if (site.only !== null) return site.only;
    if (rawPath === '*') return site.byCanonicalPath.get('') ?? 'not-found';
    return longestPrefix(site, site.byCanonicalPath, rawPath) ?? 'not-found';
  }
  const canonical = canonicalPath(rawPath);
  if (canonical === null) return 'bad-path';
  if (site.only !== null) return site.only;
  const chosen = longestPrefix(site, site.byCanonicalPath, canonical);
  if (longestPrefix(site, site.byRawPath, rawPath) !== chosen) return 'bad-path';
  return chosen ?? 'not-found';
}

/** Asks for every segment boundary, the longest first; never looks beyond the longest application path. */
function longestPrefix(site: SiteRoute, prefixes: ReadonlyMap<string, AppRoute>, path: string): AppRoute | null {
  const max = site.prefixLengthMax;
  const lower = asciiLower(path.length > max ? path.substring(0, max + 1) : path);
  let cut = lower.length > max ? lower.lastIndexOf('/', max) : lower.length;
  while (cut > 0) {
    const app = prefixes.get(lower.substring(0, cut));
    if (app !== undefined) return app;
    cut = lower.lastIndexOf('/', cut - 1);
  }
  return prefixes.get('') ?? null;
}
