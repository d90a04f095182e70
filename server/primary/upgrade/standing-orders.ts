/** What administrators ordered and what holds until they order otherwise: a new primary goes on with it. */
import type { StandingOrders, SupervisorPort } from '../../../pools/supervisor/ports.js';
import type { PrimaryState } from '../parts.js';

export interface NodeOrders extends StandingOrders {
  /** The node is out of the balance. */
  readonly isDrained: boolean;
}

export const noOrders: NodeOrders = { isDrained: false, offline: [], stopped: [], started: [] };

interface Ordered {
  readonly supervisor: Pick<SupervisorPort, 'standingOrders' | 'inherit'>;
  readonly state: PrimaryState;
}

export function ordersOf({ supervisor, state }: Ordered): NodeOrders {
  return { isDrained: state.isDrained, ...supervisor.standingOrders() };
}

export function goOnWith({ supervisor, state }: Ordered, orders: NodeOrders): void {
  state.isDrained = orders.isDrained;
  supervisor.inherit(orders);
}

/** As another version wrote it: what is missing or of another kind is not ordered. */
export function readOrders(value: unknown): NodeOrders {
  const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  return {
    isDrained: fields['isDrained'] === true,
    offline: namesIn(fields['offline']),
    stopped: namesIn(fields['stopped']),
    started: namesIn(fields['started']),
  };
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
