/** How the admin API says no: one shape for every refusal. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { SluiceError } from '../../../config/base/errors.js';
import type { AdminCaller } from './caller.js';

export interface AdminProblem {
  readonly code: string;
  readonly message: string;
  /** '' or what to do about it. */
  readonly remedy: string;
  /** '' or the part of the request that is wrong: `params.id`, `query.kind`, `body.text`. */
  readonly field: string;
}

/** Every refusal has this shape. */
export const problemSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string(), remedy: z.string(), field: z.string() }) })
  .meta({ id: 'Problem' });

/** A refusal with the status it is answered with. */
export class AdminError extends SluiceError {
  readonly status: number;
  readonly field: string;
  constructor(status: number, code: string, message: string, remedy = '', field = '') {
    super(code, message, remedy);
    this.status = status;
    this.field = field;
  }
}

export function notFound(code: string, message: string, remedy = ''): AdminError {
  return new AdminError(404, code, message, remedy);
}

export function otherPools({ name, pools }: AdminCaller): AdminError {
  const message = `${name} is for other pools: ${pools === 'all' ? '' : pools.join(', ')}`;
  return new AdminError(403, 'wrong-pool', message, 'use a token whose pools include it, or one for all pools');
}

export const tooManyFailuresCode = 'too-many-failures';

export function tooManyFailures(): AdminError {
  return new AdminError(429, tooManyFailuresCode, 'too many requests without a valid token', 'wait a second');
}

/** Of somebody who may ask, but not so often. */
export function tooManyRequests(message: string): AdminError {
  return new AdminError(429, 'too-many-requests', message, 'wait a second');
}

export function tooManyStreams(): AdminError {
  const remedy = 'close one of them, or come back later';
  return new AdminError(503, 'too-many-streams', 'too many clients listen already', remedy);
}

/** Of what this caller, or everybody together, has under way. */
export function tooManyOperations(message: string, remedy: string): AdminError {
  return new AdminError(429, 'too-many-operations', message, remedy);
}

/** A SluiceError of the parts below says what is wrong with an order; 409 unless its code is one of these. */
const statuses: Readonly<Record<string, number>> = {
  'no-such-pool': 404,
  'no-such-worker': 404,
  'no-such-application': 404,
  'no-such-operation': 404,
  'no-such-site': 404,
  'no-access-log': 404,
  'no-such-setting': 404,
  'no-such-configuration': 404,
  'not-a-configuration-file': 403,
  'file-not-writable': 403,
  'configuration-changed': 412,
  'configuration-not-read': 503,
};

export function statusOf(error: unknown): number {
  if (error instanceof AdminError) return error.status;
  if (error instanceof SluiceError) return statuses[error.code] ?? 409;
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 ? error.statusCode : 500;
}

/** Only what we wrote ourselves is told; of everything else no more than its kind. */
export function problemOf(error: unknown): AdminProblem {
  if (error instanceof SluiceError) {
    const { code, message, remedy } = error;
    return { code, message, remedy, field: error instanceof AdminError ? error.field : '' };
  }
  const status = statusOf(error);
  if (status >= 500) return { code: 'internal', message: 'internal error', remedy: 'see the log', field: '' };
  const known: Readonly<Record<number, string>> = {
    413: 'the body is too long',
    415: 'a body has to be application/json',
  };
  return { code: 'bad-request', message: known[status] ?? 'bad request', remedy: '', field: '' };
}

export function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const status = statusOf(error);
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="sluice"');
  if (status === 429) void reply.header('retry-after', '1');
  return reply.code(status).send({ error: problemOf(error) });
}
