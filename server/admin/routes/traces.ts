import { z } from 'zod';
import { tracesListedMax } from '../../../config/base/log-limits.js';
import type { ControlPlane } from '../control-plane.js';
import { type AdminCaller, covers } from '../frame/caller.js';
import { notFound } from '../frame/errors.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';

const fields = z.array(z.tuple([z.string(), z.string()]));

const summary = z.object({
  id: z.number().int(),
  site: z.string(),
  pool: z.string(),
  startedAtMs: z.number(),
  method: z.string(),
  url: z.string(),
  status: z.number().int(),
  subStatus: z.number().int(),
  reason: z.string(),
  timeTakenMs: z.number(),
  failureReason: z.enum(['STATUS_CODE', 'TIME_TAKEN']),
});

const whole = summary.extend({
  siteId: z.number().int(),
  application: z.string(),
  workerId: z.number().int(),
  clientAddress: z.string(),
  host: z.string(),
  version: z.string(),
  retries: z.number().int(),
  connectFailures: z.number().int(),
  stages: z.array(z.object({ stage: z.string(), atMs: z.number(), detail: z.string() })),
  requestFields: fields,
  requestBytes: z.number(),
  answerFields: fields,
  answerBytes: z.number(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string(),
});

/** As everywhere: a token for some pools does not see what is of others, or of none. */
function mayShow(caller: AdminCaller, pool: string): boolean {
  return pool === '' ? caller.pools === 'all' : covers(caller, pool);
}

export function traceRoutes(control: ControlPlane): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/traces',
      role: 'viewer',
      filtered: true,
      summary: 'Traces of failed requests, the newest first',
      query: z.strictObject({
        site: z.string().max(64).default(''),
        limit: z.coerce.number().int().min(1).max(tracesListedMax).default(100),
      }),
      answer: z.object({ traces: z.array(summary) }),
      async handle({ query, caller }) {
        return { traces: await control.traces.list(query.site, query.limit, (pool) => mayShow(caller, pool)) };
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/traces/:site/:id',
      role: 'viewer',
      filtered: true,
      summary: 'The whole life of one failed request',
      params: z.strictObject({ site: z.string().max(64), id: z.coerce.number().int().min(1) }),
      answer: whole,
      async handle({ params, caller }) {
        const found = await control.traces.find(params.site, params.id);
        if (found === null || !mayShow(caller, found.trace.pool)) {
          throw notFound('no-such-trace', 'there is no such trace', '`sluice trace list` names them.');
        }
        return { id: found.id, ...found.trace };
      },
    }),
  ];
}
