/** Every route of the admin API but health and metrics: each theme has its file. */
import type { ControlPlane } from '../control-plane.js';
import type { Door } from '../frame/door.js';
import type { AdminRoute } from '../frame/route.js';
import { certificateRoutes } from './certificates.js';
import { configRoutes } from './config.js';
import { eventRoutes } from './events.js';
import { logRoutes } from './logs.js';
import { nodeRoutes } from './nodes.js';
import { openApiRoute } from './openapi.js';
import { operationRoutes } from './operations.js';
import { poolRoutes } from './pools.js';
import { profileRoutes } from './profiles.js';
import { requestRoutes } from './requests.js';
import { sessionRoutes } from './session.js';
import { traceRoutes } from './traces.js';
import { upgradeRoutes } from './upgrade.js';
import { siteRoutes } from './sites.js';
import { workerRoutes } from './workers.js';

export function allRoutes(control: ControlPlane, door: Door): readonly AdminRoute[] {
  const routes: AdminRoute[] = [
    ...nodeRoutes(control),
    ...siteRoutes(control),
    ...poolRoutes(control),
    ...workerRoutes(control),
    ...certificateRoutes(control),
    ...operationRoutes(control),
    ...logRoutes(control, door),
    ...sessionRoutes(door),
    ...requestRoutes(control),
    ...profileRoutes(control),
    ...configRoutes(control.config),
    ...eventRoutes(control, door),
    ...upgradeRoutes(control),
    ...traceRoutes(control),
  ];
  return [...routes, openApiRoute(() => allRoutes(control, door), control.version)];
}
