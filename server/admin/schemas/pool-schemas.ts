/** What pools and workers look like from outside. Times are wall clock in milliseconds unless a name says otherwise. */
import { z } from 'zod';

const count = z.int().min(0);
const wallMs = z.number().describe('Milliseconds since 1970; 0 = never or not known');

export const workerSchema = z
  .strictObject({
    workerId: count.describe('What actions on one worker take'),
    pid: count,
    slot: count.describe('Its place among the workers of the application'),
    generation: count.describe('Grows with every process in the slot'),
    applicationId: z.string(),
    state: z.enum(['starting', 'running', 'suspended', 'draining', 'stopping']),
    startedAtMs: wallMs,
    inFlight: count.describe('Requests and tunnels under way'),
    rssBytes: count,
    requestsTotal: count.describe('Requests handed to it so far'),
    hostingModel: z.string(),
    node: z.string().describe('In-process: the Node that runs it, such as v24.1.0'),
    heartbeat: z
      .strictObject({
        ageMs: z.number(),
        intervalMs: z.number().describe('From it to the next one'),
        delayMs: z.number().describe('How late it came'),
        utilization: z.number().describe('Of its event loop, from 0 to 1'),
        heapUsedBytes: z.number(),
      })
      .nullable()
      .describe('In-process: the newest one'),
  })
  .meta({ id: 'Worker' });

export const workerOfPoolSchema = workerSchema.extend({ pool: z.string() }).meta({ id: 'WorkerOfPool' });

const stepSchema = z
  .strictObject({ step: z.string(), durationMs: z.number(), outcome: z.enum(['ok', 'failed']) })
  .meta({ id: 'StartStep' });

const attachmentSchema = z
  .strictObject({ kind: z.string(), text: z.string(), file: z.string().describe('Empty, or where the rest lies') })
  .meta({ id: 'Attachment' });

const applicationOfPoolSchema = z
  .strictObject({
    id: z.string(),
    site: z.string(),
    path: z.string(),
    hostingModel: z.string(),
    state: z.enum(['idle', 'starting', 'ready', 'failed', 'backing-off', 'rapid-failed', 'misconfigured', 'offline']),
    problem: z.string(),
    spare: z.enum(['none', 'starting', 'waiting']),
    failure: z
      .strictObject({
        atMs: wallMs,
        status: z.string().describe('502.5'),
        code: z.string(),
        cause: z.string(),
        remedy: z.string(),
        attempts: count,
        journey: z.array(stepSchema),
        outputTail: z.string(),
      })
      .nullable()
      .describe('The last failed start, until one succeeds'),
  })
  .meta({ id: 'ApplicationOfPool' });

const ledgerSchema = z
  .strictObject({
    inFlight: count,
    drained: count,
    late: count,
    retried: count,
    cut: count,
    socketsNoticed: count,
  })
  .meta({ id: 'RequestLedger' });

const receiptWorker = { workerId: count, generation: count, pid: count };

export const receiptSchema = z
  .strictObject({
    id: count,
    atMs: wallMs,
    durationMs: z.number(),
    kind: z.enum(['recycle', 'restart', 'stop']),
    cause: z.string(),
    outcome: z.enum(['done', 'failed']),
    applicationId: z.string(),
    slot: count,
    old: z.strictObject({ ...receiptWorker, ended: z.string().describe('Empty = it still serves') }),
    successor: z.strictObject({ ...receiptWorker, startMs: z.number(), warmUpMs: z.number() }).nullable(),
    requests: ledgerSchema,
    eventId: z.int().describe('The event that IIS would log; 0 = none'),
    attachments: z.array(attachmentSchema),
  })
  .meta({ id: 'Receipt' });

export const obituarySchema = z
  .strictObject({
    atMs: wallMs,
    startedAtMs: wallMs,
    applicationId: z.string(),
    ...receiptWorker,
    slot: count,
    code: z.int().nullable(),
    signal: z.string().nullable(),
    reason: z.string(),
    cause: z.string().describe('Why it was asked to leave; empty = it was not'),
    eventId: z.int().describe('The event that IIS would log; 0 = none'),
    eventIds: z.array(z.int()).describe('That and those of the ASP.NET Core Module'),
    inFlight: count,
    how: z.string(),
    requestsInFlight: z.array(z.string()),
    suspects: z.array(z.string()).describe('Request lines that were in flight at an earlier crash too'),
    outputTail: z.string(),
    journey: z.array(stepSchema),
    attachments: z.array(attachmentSchema),
  })
  .meta({ id: 'Obituary' });

export const poolSchema = z
  .strictObject({
    name: z.string(),
    state: z.enum(['Starting', 'Started', 'Stopping', 'Stopped']),
    stoppedReason: z.string().describe('Disabled, AppOffline or AppShutdown; empty = it is not stopped'),
    applications: z.array(applicationOfPoolSchema),
    workers: z.array(workerSchema),
    restarts: count,
    obituaries: z.array(obituarySchema).describe('Oldest first'),
    receipts: z.array(receiptSchema).describe('Oldest first'),
  })
  .meta({ id: 'Pool' });

/** One pool that was asked for by name. */
export const poolDetailSchema = poolSchema
  .extend({
    queue: count.describe('Requests that wait for a worker now'),
    limits: z.strictObject({
      queueLength: count,
      maxProcesses: count,
      maxConcurrentRequests: count,
      idleTimeoutMs: z.number(),
      memoryMaxBytes: z.number().nullable(),
      cpuLimit: z.number().describe('Thousandths of a percent of the machine, as IIS counts; 0 = no limit'),
      processes: count,
      isolation: z.string(),
    }),
  })
  .meta({ id: 'PoolDetail' });

export const poolNameParams = z.strictObject({ name: z.string().min(1).max(64) });
/** A number in a path. */
export const idParams = z.strictObject({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'not a number')
    .transform(Number),
});
