import { liveRequestsListed, liveRequestsMax } from '../../../config/base/admin-request-limits.js';
import type { ControlPlane } from '../control-plane.js';
import { type AdminCaller, covers } from '../frame/caller.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { liveRequestsQuery, liveRequestsSchema } from '../schemas/request-schemas.js';

export function requestRoutes(control: ControlPlane): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/requests',
      role: 'viewer',
      filtered: true,
      summary: 'Requests that are under way, asked of the listeners now; those that take the longest first',
      query: liveRequestsQuery,
      answer: liveRequestsSchema,
      async handle({ query, caller }) {
        const { pool, site = '', minTimeMs = 0, limit = liveRequestsListed } = query;
        const rowsMax = Math.min(limit, liveRequestsMax);
        const found = await control.liveRequests({ pools: poolsOf(caller, pool), site, minTimeMs, rowsMax });
        return { ...found, requests: found.requests.slice(0, rowsMax) };
      },
    }),
  ];
}

/** null = every pool. */
function poolsOf(caller: AdminCaller, wanted: string | undefined): readonly string[] | null {
  if (wanted !== undefined) return covers(caller, wanted) ? [wanted] : [];
  return caller.pools === 'all' ? null : caller.pools;
}
