import { z } from 'zod';

const count = z.int().min(0);

export const bindingSchema = z
  .strictObject({
    site: z.string(),
    protocol: z.enum(['http', 'https']),
    address: z.string().describe('* = every address of the machine'),
    port: count,
    host: z.string().describe('Empty = any'),
    http2: z.boolean(),
    certificate: z.enum(['none', 'pem', 'pfx', 'store', 'acme', 'development']),
    certificateFile: z.string().describe('Where one file holds it, else empty'),
    clientCertificates: z.string(),
  })
  .meta({ id: 'Binding' });

export const applicationSchema = z
  .strictObject({
    id: z.string(),
    site: z.string(),
    path: z.string(),
    pool: z.string(),
    physicalPath: z.string(),
    hostingModel: z.string().describe('Empty = it cannot be used'),
    state: z.string(),
    problem: z.string(),
    offline: z.boolean().describe('An administrator took it offline: 503 to every request'),
  })
  .meta({ id: 'Application' });

export const siteSchema = z
  .strictObject({
    id: count,
    name: z.string(),
    bindings: z.array(bindingSchema),
    connectionTimeoutMs: z.number(),
    maxConnections: z.number(),
    applications: z.array(applicationSchema),
  })
  .meta({ id: 'Site' });

export const nodeSchema = z
  .strictObject({
    name: z.string(),
    version: z.string(),
    nodeVersion: z.string(),
    pid: count,
    startedAtMs: z.number(),
    state: z.enum(['starting', 'ready', 'not-ready', 'drained', 'stopping']),
    checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    listeners: count,
    configuration: z.strictObject({ file: z.string(), version: z.string() }),
    sites: count,
    applications: count,
    pools: count,
  })
  .meta({ id: 'Node' });
