/** What routes of actions have in common: they begin an operation and answer with it. */
import { z } from 'zod';
import type { Actions, OperationView } from '../control-plane.js';
import type { AdminCall } from '../frame/route.js';
import { operationSchema } from '../schemas/operation-schemas.js';

export const waitQuery = z.strictObject({
  wait: z.enum(['0', '1']).default('0').describe('1: answered when the action has ended, with 200'),
});

/** How a route of an action answers, see `begun`. */
export const orderAnswer = {
  answer: operationSchema,
  statuses: [202, 200],
  answerFields: { location: 'Where to ask how it goes on' },
} as const;

/** 202 and where to ask how it goes on; with `wait=1` how it ended. */
export async function begun(
  actions: Actions,
  { reply, query }: AdminCall<unknown, z.infer<typeof waitQuery>>,
  operation: OperationView,
): Promise<OperationView> {
  void reply.header('location', `/api/v1/operations/${operation.id}`);
  if (query.wait === '1') {
    reply.request.raw.socket.setTimeout(0);
    return actions.whenEnded(operation.id);
  }
  void reply.code(202);
  return operation;
}
