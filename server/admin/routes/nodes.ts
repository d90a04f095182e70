/** This node: the API speaks of nodes because there may be more than one some day. */
import { z } from 'zod';
import { type ControlPlane, type NodeAction, nodeActions } from '../control-plane.js';
import { type AdminCaller, covers } from '../frame/caller.js';
import { notFound } from '../frame/errors.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { nodeSchema } from '../schemas/site-schemas.js';
import type { NodeView } from '../site-views.js';
import { begun, orderAnswer, waitQuery } from './orders.js';
import { visible } from './sites.js';

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
      filtered: true,
      summary: 'The nodes, with what they are ready for',
      answer: z.object({ nodes: z.array(nodeSchema) }),
      handle: ({ caller }) => ({ nodes: [nodeFor(control, caller)] }),
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/nodes/:name',
      role: 'viewer',
      filtered: true,
      summary: 'One node',
      params,
      answer: nodeSchema,
      handle({ params: { name }, caller }) {
        check(name);
        return nodeFor(control, caller);
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
        ...orderAnswer,
        handle(call) {
          check(call.params.name);
          return begun(control.actions, call, control.actions.orderNode(call.caller, action, control.node().name));
        },
      }),
    ),
  ];
}

/** Whether it is ready concerns everybody; the rest is told as far as it is about the caller's pools. */
function nodeFor(control: ControlPlane, caller: AdminCaller): NodeView {
  const node = control.node();
  if (caller.pools === 'all') return node;
  const sites = visible(control.sites(), caller);
  return {
    ...node,
    configuration: { file: '', version: '' },
    sites: sites.length,
    applications: sites.flatMap(({ applications }) => applications).length,
    pools: control.pools().filter(({ name }) => covers(caller, name)).length,
  };
}
