/** What the event stream tells. Every event has a kind, which is its name in the stream. */
import { z } from 'zod';
import type { ObituaryView, PoolView, ReceiptView } from '../../../pools/supervisor/ports.js';
import type { OperationView } from '../control-plane.js';
import { operationSchema } from '../schemas/operation-schemas.js';
import { obituarySchema, poolSchema, receiptSchema } from '../schemas/pool-schemas.js';

const pool = z.string();
const common = { atMs: z.number().describe('Wall clock') };

/** A pool without its books: they come as events of their own. */
const poolNow = poolSchema.omit({ obituaries: true, receipts: true });

/** One record of the server's log: fields as there. */
const record = {
  ...common,
  level: z.enum(['info', 'warn', 'error']),
  event: z.string().describe('As in the log: configuration-applied, listener-died ...'),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
};

const poolSample = z.strictObject({
  name: z.string(),
  state: z.string(),
  workers: z.int(),
  inFlight: z.int(),
  queue: z.int(),
  requestsPerSecond: z.number(),
  errorsPerSecond: z.number().describe('Answers with status 5xx'),
  p50Ms: z.number().describe('Of the requests of the last 10 s; 0 = there were none'),
  p99Ms: z.number(),
  memoryBytes: z.int(),
  cpuPercent: z.number().describe('100 = one core'),
  loopDelayMs: z
    .number()
    .nullable()
    .describe('Of the event loops of its in-process workers the worst; null = no worker tells'),
});

export const sampleSchema = z.strictObject({
  kind: z.literal('sample'),
  ...common,
  node: z.strictObject({
    ready: z.boolean(),
    requestsPerSecond: z.number(),
    errorsPerSecond: z.number(),
    p99Ms: z.number(),
    connections: z.int(),
    primaryCpuPercent: z.number(),
    primaryMemoryBytes: z.int(),
    loadAverage: z.number(),
    memoryFreeBytes: z.int(),
    memoryTotalBytes: z.int(),
  }),
  whole: z.boolean().describe('true: pools that are not named do nothing; the first sample of a stream is whole'),
  pools: z
    .array(poolSample)
    .describe('Those with other figures than in the sample before; what is not named stays as it was told last'),
});

const keptSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pool'), ...common, pool, now: poolNow }),
  z.strictObject({
    kind: z.literal('worker-started'),
    ...common,
    pool,
    applicationId: z.string(),
    startMs: z.number().describe('From spawn to ready'),
  }),
  z.strictObject({
    kind: z.literal('worker-ended'),
    ...common,
    pool,
    eventId: z.int(),
    obituary: obituarySchema.omit({ attachments: true }),
  }),
  z.strictObject({
    kind: z.literal('receipt'),
    ...common,
    pool,
    eventId: z.int(),
    receipt: receiptSchema.omit({ attachments: true }),
  }),
  z.strictObject({ kind: z.literal('rapid-fail'), ...common, pool, eventId: z.int() }),
  z.strictObject({ kind: z.literal('operation'), ...common, pool, operation: operationSchema }),
  z.strictObject({ kind: z.literal('configuration'), ...record }),
  z.strictObject({ kind: z.literal('certificate'), ...record }),
  z.strictObject({ kind: z.literal('change'), ...record }),
  z.strictObject({ kind: z.literal('server'), ...record }),
]);

/** With every new stream: from where it goes on, and whether nothing was missed since Last-Event-ID. */
export const helloSchema = z.strictObject({
  kind: z.literal('hello'),
  ...common,
  version: z.string(),
  resumed: z.boolean().describe('false: ask for everything again'),
});

export const eventSchema = z.union([helloSchema, sampleSchema, keptSchema]).meta({ id: 'Event' });

interface PoolEvent {
  readonly atMs: number;
  readonly pool: string;
}

/** A record of the server's log; which ones, and of which kind, says record-events.ts. */
export interface RecordEvent {
  readonly kind: RecordKind;
  readonly atMs: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

export type RecordKind = 'configuration' | 'certificate' | 'change' | 'server';

/** A pool without its books: they come as events of their own. */
export type PoolNow = Omit<PoolView, 'obituaries' | 'receipts'>;

/** Kept for a while for clients that come back. */
export type AdminEvent =
  | (PoolEvent & { readonly kind: 'pool'; readonly now: PoolNow })
  | (PoolEvent & { readonly kind: 'worker-started'; readonly applicationId: string; readonly startMs: number })
  | (PoolEvent & {
      readonly kind: 'worker-ended';
      readonly eventId: number;
      readonly obituary: Omit<ObituaryView, 'attachments'>;
    })
  | (PoolEvent & {
      readonly kind: 'receipt';
      readonly eventId: number;
      readonly receipt: Omit<ReceiptView, 'attachments'>;
    })
  | (PoolEvent & { readonly kind: 'rapid-fail'; readonly eventId: number })
  | (PoolEvent & { readonly kind: 'operation'; readonly operation: OperationView })
  | RecordEvent;

export type NodeSample = z.infer<typeof sampleSchema>;
export type PoolSample = z.infer<typeof poolSample>;
export type Hello = z.infer<typeof helloSchema>;

export const eventKinds = [...keptSchema.options.map((option) => option.shape.kind.value), 'sample'] as const;
