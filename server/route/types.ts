import type { RouteApplication, RouteSite, RouteTls } from '../../pools/protocol/snapshot.js';

/** One application as the hot path sees it: immutable, made when a snapshot arrives. */
export interface AppRoute {
  readonly index: number;
  /** The application path in ASCII lower case without a trailing slash; '' for '/'. */
  readonly prefix: string;
  readonly application: RouteApplication;
  readonly site: RouteSite;
}

/** The applications of the site a binding chose. */
export interface SiteRoute {
  readonly site: RouteSite;
  /** Of the binding that chose the site; null for http. */
  readonly tls: RouteTls | null;
  /** Sorted by path length, longest first, '/' last. */
  readonly applications: readonly AppRoute[];
  /** The application of every path when it is the only one and its path is '/'; otherwise null. */
  readonly only: AppRoute | null;
  /** Lower-case prefix -> application; percent-decoded, and as it stands in a URL. */
  readonly byCanonicalPath: ReadonlyMap<string, AppRoute>;
  readonly byRawPath: ReadonlyMap<string, AppRoute>;
  /** Length of the longest key of both maps. */
  readonly prefixLengthMax: number;
}

export type PathVerdict = AppRoute | 'not-found' | 'bad-path';
