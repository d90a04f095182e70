import type { ControlPlane } from '../control-plane.js';
import { notFound } from '../frame/errors.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { operationSchema } from '../schemas/operation-schemas.js';
import { idParams } from '../schemas/pool-schemas.js';

export function operationRoutes(control: ControlPlane): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/operations/:id',
      role: 'viewer',
      pool: ({ id }) => control.actions.operation(id)?.pool ?? null,
      summary: 'How an action stands; the last 100 that ended are known',
      params: idParams,
      answer: operationSchema,
      handle({ params }) {
        const operation = control.actions.operation(params.id);
        if (operation !== null) return operation;
        throw notFound('no-such-operation', 'there is no such operation, or it ended long ago');
      },
    }),
  ];
}
