import { z } from 'zod';
import { type ControlPlane, poolActions, type PoolAction } from '../control-plane.js';
import { covers } from '../frame/caller.js';
import { notFound } from '../frame/errors.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { poolDetailSchema, poolNameParams, poolSchema } from '../schemas/pool-schemas.js';
import { begun, orderAnswer, waitQuery } from './orders.js';

const summaries: Readonly<Record<PoolAction, string>> = {
  start: 'Start a stopped pool; forgives rapid-fail protection and delays',
  stop: 'Stop a pool: requests under way finish, then every worker ends',
  recycle: 'Replace every worker of a pool by a new one; no request is lost',
};

export function poolRoutes(control: ControlPlane): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/pools',
      role: 'viewer',
      filtered: true,
      summary: 'Every pool with its applications, workers, receipts and obituaries',
      answer: z.object({ pools: z.array(poolSchema) }),
      handle: ({ caller }) => ({ pools: control.pools().filter(({ name }) => covers(caller, name)) }),
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/pools/:name',
      role: 'viewer',
      pool: ({ name }) => name,
      summary: 'One pool',
      params: poolNameParams,
      answer: poolDetailSchema,
      handle({ params }) {
        const pool = control.pool(params.name);
        const limits = control.poolLimits(params.name);
        if (pool === null || limits === null)
          throw notFound('no-such-pool', 'there is no such pool', '`sluice pool list` names them.');
        return { ...pool, ...limits };
      },
    }),
    ...poolActions.map((action) =>
      adminRoute({
        method: 'POST',
        path: `/api/v1/pools/:name/${action}`,
        role: 'operator',
        pool: ({ name }) => name,
        summary: summaries[action],
        params: poolNameParams,
        ...orderAnswer,
        query: waitQuery,
        handle: (call) =>
          begun(control.actions, call, control.actions.orderPool(call.caller, action, call.params.name)),
      }),
    ),
  ];
}
