import { z } from 'zod';
import { profileSecondsDefault, profileSecondsMax } from '../../../config/base/profile-limits.js';
import type { ControlPlane } from '../control-plane.js';
import { AdminError, notFound } from '../frame/errors.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { idParams } from '../schemas/pool-schemas.js';
import { begun, orderAnswer, waitQuery } from './orders.js';

const query = waitQuery.extend({
  kind: z.enum(['cpu', 'heap', 'heap-statistics']).default('cpu'),
  seconds: z
    .string()
    .regex(/^\d{1,3}$/, 'not a number')
    .transform(Number)
    .pipe(z.int().min(1).max(profileSecondsMax))
    .default(profileSecondsDefault)
    .describe(`How long the CPU is profiled; default ${profileSecondsDefault}, at most ${profileSecondsMax}`),
});

export function profileRoutes(control: ControlPlane): readonly AdminRoute[] {
  const { actions } = control;
  return [
    adminRoute({
      method: 'POST',
      path: '/api/v1/workers/:id/profile',
      role: 'operator',
      pool: ({ id }) =>
        control.pools().find(({ workers }) => workers.some(({ workerId }) => workerId === id))?.name ?? null,
      summary: 'Profile the CPU of an in-process worker, or take its heap; the operation then has a file',
      params: idParams,
      query,
      about: ({ query: { kind, seconds } }) => `kind=${kind}${kind === 'cpu' ? ` seconds=${seconds}` : ''}`,
      ...orderAnswer,
      handle(call) {
        const { kind, seconds } = call.query;
        const wish = { kind, seconds: kind === 'cpu' ? seconds : 0 };
        return begun(actions, call, actions.orderProfile(call.caller, call.params.id, wish));
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/operations/:id/file',
      role: 'operator',
      pool: ({ id }) => actions.operation(id)?.pool ?? null,
      summary: 'The file of an operation that made one: a dump, profile or heap snapshot',
      params: idParams,
      answer: 'download',
      answerFields: { 'content-disposition': 'The name of the file', 'content-length': 'Its size in bytes' },
      handle({ params, reply }) {
        const operation = actions.operation(params.id);
        if (operation === null) throw notFound('no-such-operation', 'there is no such operation, or it ended long ago');
        if (operation.file === '') {
          const message = operation.state === 'running' ? 'it is not made yet' : 'this operation made no file';
          throw new AdminError(operation.state === 'running' ? 409 : 404, 'no-file', message);
        }
        const { name, size, stream } = actions.openFile(params.id);
        void reply
          .type('application/octet-stream')
          .header('content-disposition', `attachment; filename="${name}"`)
          .header('content-length', size);
        return reply.send(stream);
      },
    }),
  ];
}
