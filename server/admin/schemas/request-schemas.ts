/** Requests that are under way. */
import { z } from 'zod';
import { requestStates } from '../../../pools/protocol/live-requests.js';

const count = z.int().min(0);

export const liveRequestSchema = z
  .strictObject({
    verb: z.string(),
    host: z.string(),
    url: z.string().describe('Path, escaped and cut; of a query only `?...`'),
    version: z.string().describe('1.0, 1.1 or 2.0'),
    client: z.string().describe('Address; behind trusted proxies the one that they name'),
    site: z.string(),
    application: z.string(),
    pool: z.string(),
    workerId: count.describe('0 = no worker has it'),
    pid: count.describe('Of the worker; 0 = no worker has it'),
    state: z.enum(requestStates),
    timeMs: z.number().describe('Since the head of the request was complete'),
  })
  .meta({ id: 'LiveRequest' });

export const liveRequestsSchema = z
  .strictObject({
    total: count.describe('All that were asked for, also those that are not listed'),
    requests: z.array(liveRequestSchema).describe('Longest first'),
    silentListeners: z.array(count).describe('Listener processes that did not answer in time: theirs are missing'),
  })
  .meta({ id: 'LiveRequests' });

const name = z.string().min(1).max(256);
const number = (digitsMax: number) =>
  z
    .string()
    .regex(new RegExp(`^\\d{1,${digitsMax}}$`), 'not a number')
    .transform(Number);

export const liveRequestsQuery = z.strictObject({
  pool: name.optional(),
  site: name.optional(),
  minTimeMs: number(9).optional().describe('Only requests that take as long already'),
  limit: number(4).optional().describe('How many are listed; default 200, at most 1000'),
});
