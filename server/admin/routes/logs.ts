import type { ControlPlane } from '../control-plane.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { reopenLogsPath } from '../paths.js';

export function logRoutes(control: ControlPlane): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'POST',
      path: reopenLogsPath,
      role: 'admin',
      summary: 'Open every log file anew by its name, after logrotate renamed it',
      answer: 'nothing',
      handle: () => control.reopenLogs(),
    }),
  ];
}
