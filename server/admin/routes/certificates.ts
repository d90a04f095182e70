import { z } from 'zod';
import type { ControlPlane } from '../control-plane.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { certificateSchema } from '../schemas/certificate-schemas.js';

export function certificateRoutes(control: ControlPlane): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/certificates',
      role: 'viewer',
      summary: 'Certificates that are loaded or ordered; of more than 1,000 those that end first',
      answer: z.object({ certificates: z.array(certificateSchema) }),
      handle: () => ({ certificates: control.certificates() }),
    }),
  ];
}
