/** This node: the API speaks of nodes because there may be more than one some day. */
import { z } from 'zod';
import { type ControlPlane, type NodeAction, nodeActions } from '../control-plane.js';
import { notFound } from '../frame/errors.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { operationSchema } from '../schemas/operation-schemas.js';
import { nodeSchema } from '../schemas/site-schemas.js';
import { begun, waitQuery } from './orders.js';

const params = z.strictObject({
  name: z.string().min(1).max(260).describe('Its name in the list, or `self`: the one that answers'),
});

const summaries: Readonly<Record<NodeAction, string>> = {
  drain: 'Take the node out of the balance: /readyz answers 503 while it serves on; ends when no request is under way',
  resume: 'Put a drained node back',
  reload: 'Load the configuration again; fails when it is refused',
};

export function nodeRoutes(control: ControlPlane): readonly AdminRoute[] {
  const check = (name: string): void => {
    if (name !== 'self' && name !== control.node().name) throw notFound('no-such-node', 'there is no such node');
  };
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/nodes',
      role: 'viewer',
      summary: 'The nodes, with what they are ready for',
      answer: z.object({ nodes: z.array(nodeSchema) }),
      handle: () => ({ nodes: [control.node()] }),
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/nodes/:name',
      role: 'viewer',
      summary: 'One node',
      params,
      answer: nodeSchema,
      handle({ params: { name } }) {
        check(name);
        return control.node();
      },
    }),
    ...nodeActions.map((action) =>
      adminRoute({
        method: 'POST',
        path: `/api/v1/nodes/:name/${action}`,
        role: 'admin',
        summary: summaries[action],
        params,
        query: waitQuery,
        answer: operationSchema,
        handle(call) {
          check(call.params.name);
          return begun(control.actions, call, control.actions.orderNode(action, control.node().name));
        },
      }),
    ),
  ];
}
