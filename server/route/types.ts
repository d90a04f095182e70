import type { RouteApplication, RouteSite } from '../../pools/protocol/snapshot.js';

/** One application as the hot path sees it: immutable, made when a snapshot arrives. */
export interface AppRoute {
  readonly index: number;
  readonly application: RouteApplication;
  readonly site: RouteSite;
}

/** The applications of the site a binding chose. */
export interface SiteRoute {
  readonly site: RouteSite;
  /** Sorted by path length, longest first; paths lower case, '/' last. */
  readonly applications: readonly AppRoute[];
}

export type PathVerdict = AppRoute | 'not-found' | 'bad-path';
