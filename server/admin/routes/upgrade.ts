import { z } from 'zod';
import type { ControlPlane } from '../control-plane.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { upgradePath } from '../paths.js';

const upgradeSchema = z.object({
  state: z.enum(['none', 'starting', 'handing-over', 'handed-over', 'failed']),
  primary: z.number().int().describe('Process that answers; another one when an upgrade is done'),
  version: z.string(),
  successor: z.number().int().describe('The new primary; 0 = none was started'),
  startedAtMs: z.number(),
  error: z.string(),
});

export function upgradeRoutes(control: ControlPlane): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: upgradePath,
      role: 'viewer',
      summary: 'The primary that answers, and how its last upgrade went',
      answer: upgradeSchema,
      handle: () => control.upgradeView(),
    }),
    adminRoute({
      method: 'POST',
      path: upgradePath,
      role: 'admin',
      summary: 'Replace the primary by the version that is installed now; no request is lost',
      answer: upgradeSchema,
      statuses: [202],
      handle({ reply }) {
        void reply.code(202);
        return control.orderUpgrade('admin API');
      },
    }),
  ];
}
