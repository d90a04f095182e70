import { z } from 'zod';

/** Never the key, nor where it lies. */
export const certificateSchema = z
  .strictObject({
    kind: z.enum(['pem', 'pfx', 'store', 'acme', 'development']),
    host: z.string().describe('The name that clients asked for, where the certificate depends on it'),
    file: z.string(),
    names: z.array(z.string()),
    notBeforeMs: z.number(),
    notAfterMs: z.number(),
    state: z.enum(['good', 'ends-soon', 'expired', 'outdated', 'missing']),
    problem: z.string(),
    order: z
      .strictObject({
        state: z.enum(['valid', 'ordering', 'waiting', 'failing']),
        nextAttemptMs: z.number(),
        failures: z.int(),
        problem: z.string(),
      })
      .nullable()
      .describe('How it stands with the authority, of kind acme'),
  })
  .meta({ id: 'Certificate' });
