/** What routes of actions have in common: they begin an operation and answer with it. */
import type { AdminCall } from '../frame/route.js';
import type { OperationView } from '../control-plane.js';

/** 202 and where to ask how it goes on. */
export function begun({ reply }: AdminCall, operation: OperationView): OperationView {
  void reply.code(202).header('location', `/api/v1/operations/${operation.id}`);
  return operation;
}
