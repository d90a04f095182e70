import { z } from 'zod';
import { type ControlPlane, workerActions, type WorkerAction } from '../control-plane.js';
import { covers } from '../frame/caller.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { idParams, workerOfPoolSchema } from '../schemas/pool-schemas.js';
import { begun, orderAnswer, waitQuery } from './orders.js';

const summaries: Readonly<Record<WorkerAction, string>> = {
  recycle: 'Replace a worker by a new one',
  stop: 'End a worker politely; it comes back with the next request (AlwaysRunning: at once)',
  dump: 'Write a diagnostic report or a heap snapshot of a worker; the operation names the file',
  suspend: 'Set a worker aside until the next request',
  resume: 'Let a suspended worker go on',
};

const dumpQuery = waitQuery.extend({ kind: z.enum(['report', 'heap']).default('report') });
const plainQuery = waitQuery.transform((query) => ({ ...query, kind: 'report' as const }));

export function workerRoutes(control: ControlPlane): readonly AdminRoute[] {
  const poolOf = ({ id }: { readonly id: number }): string | null =>
    control.pools().find(({ workers }) => workers.some(({ workerId }) => workerId === id))?.name ?? null;
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/workers',
      role: 'viewer',
      filtered: true,
      summary: 'Every worker process',
      answer: z.object({ workers: z.array(workerOfPoolSchema) }),
      handle({ caller }) {
        const pools = control.pools().filter(({ name }) => covers(caller, name));
        return { workers: pools.flatMap(({ name, workers }) => workers.map((one) => ({ pool: name, ...one }))) };
      },
    }),
    ...workerActions.map((action) =>
      adminRoute({
        method: 'POST',
        path: `/api/v1/workers/:id/${action}`,
        role: 'operator',
        pool: poolOf,
        summary: summaries[action],
        params: idParams,
        query: action === 'dump' ? dumpQuery : plainQuery,
        about: ({ query }) => (action === 'dump' ? `kind=${query.kind}` : ''),
        ...orderAnswer,
        handle: (call) =>
          begun(
            control.actions,
            call,
            control.actions.orderWorker(call.caller, action, call.params.id, { kind: call.query.kind, seconds: 0 }),
          ),
      }),
    ),
  ];
}
