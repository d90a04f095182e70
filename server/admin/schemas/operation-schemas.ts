/** An action that is under way or has ended. */
import { z } from 'zod';
import { receiptSchema } from './pool-schemas.js';

export const operationSchema = z
  .strictObject({
    id: z.int(),
    action: z.string().describe('`pool recycle`, `worker stop`, ...'),
    target: z.string(),
    pool: z.string(),
    state: z.enum(['running', 'done', 'failed']),
    startedAtMs: z.number(),
    endedAtMs: z.number().describe('0 = still running'),
    error: z.strictObject({ code: z.string(), message: z.string(), remedy: z.string() }).nullable(),
    receipts: z.array(receiptSchema),
    file: z.string().describe('Path of a dump, else empty'),
  })
  .meta({ id: 'Operation' });
