/**
 * One order as a table (RFC 8555 7.1.6): what is done in each step, and where each answer of the authority leads.
 * An order is for one name, so that it has one authorization. Pure: the driver does what a step says.
 */

/**
 * `account`: make it known (again). `order`: ask for one. `authorization`: read what is to be shown. `challenge`:
 * have every listener show it, then say so. `validation`, `readiness`, `issuance`: ask until it is over. `finalize`:
 * hand in the request for the certificate. `download`: fetch it.
 */
export type OrderStep =
  | 'account'
  | 'order'
  | 'authorization'
  | 'challenge'
  | 'validation'
  | 'readiness'
  | 'finalize'
  | 'issuance'
  | 'download'
  | 'done'
  | 'failed';

/** `status` of the resource that the step was answered with. */
export type OrderStatus =
  | 'pending'
  | 'ready'
  | 'processing'
  | 'valid'
  | 'invalid'
  | 'deactivated'
  | 'expired'
  | 'revoked';

export const orderStatuses: readonly OrderStatus[] = [
  'pending',
  'ready',
  'processing',
  'valid',
  'invalid',
  'deactivated',
  'expired',
  'revoked',
];

type Answers = Readonly<Partial<Record<OrderStatus, OrderStep>>>;

/** What is not in a row fails the order: an answer out of turn is never acted on. */
export const orderTable: Readonly<Record<OrderStep, Answers>> = {
  account: { valid: 'order' },
  order: { pending: 'authorization', ready: 'finalize', processing: 'issuance', valid: 'download' },
  authorization: { pending: 'challenge', valid: 'readiness' },
  challenge: { pending: 'validation', processing: 'validation', valid: 'validation' },
  validation: { pending: 'validation', valid: 'readiness' },
  readiness: { pending: 'readiness', ready: 'finalize', processing: 'issuance', valid: 'download' },
  finalize: { processing: 'issuance', valid: 'download' },
  issuance: { processing: 'issuance', valid: 'download' },
  download: { valid: 'done' },
  done: {},
  failed: {},
};

export function nextStep(step: OrderStep, status: OrderStatus): OrderStep {
  return orderTable[step][status] ?? 'failed';
}

/** The step asks the same again after a pause. */
export function isPoll(step: OrderStep): boolean {
  return step === 'validation' || step === 'readiness' || step === 'issuance';
}
