/** Every route of the admin API but health and metrics: each theme has its file. */
import type { ControlPlane } from '../control-plane.js';
import type { AdminRoute } from '../frame/route.js';
import { certificateRoutes } from './certificates.js';
import { logRoutes } from './logs.js';
import { openApiRoute } from './openapi.js';
import { operationRoutes } from './operations.js';
import { poolRoutes } from './pools.js';
import { workerRoutes } from './workers.js';

export function allRoutes(control: ControlPlane): readonly AdminRoute[] {
  const routes: AdminRoute[] = [
    ...poolRoutes(control),
    ...workerRoutes(control),
    ...certificateRoutes(control),
    ...operationRoutes(control),
    ...logRoutes(control),
  ];
  return [...routes, openApiRoute(() => allRoutes(control), control.version)];
}
