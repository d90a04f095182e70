/** What the stream of a log tells. */
import { z } from 'zod';
import { logSources } from '../log-views.js';

const line = z.object({
  source: z.enum(logSources),
  pool: z.string().optional(),
  application: z.string().optional(),
  workerId: z.int().optional(),
  pid: z.int().optional(),
  text: z.string(),
});

const skipped = z.object({ bytes: z.number().describe('Event skipped: so many came too fast to be shown') });

const position = z.object({
  position: z
    .string()
    .describe('Event position, its id too: named in Last-Event-ID it goes on behind the lines so far'),
});

export const logEventSchema = z.union([line, skipped, position]).meta({ id: 'LogEvent' });
