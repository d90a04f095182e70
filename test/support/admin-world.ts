/** What the admin API asks of the server, played; and settings of it with nothing but what a test names. */
import { Readable } from 'node:stream';
import type { AdminConfig } from '../../config/model.js';
import type { PoolView } from '../../pools/supervisor/ports.js';
import type { ControlPlane, OperationView, ReadinessCheck } from '../../server/admin/control-plane.js';
import { configStub } from './config-stub.js';
import type { NodeView, PoolLimitsView, SiteView } from '../../server/admin/site-views.js';
import { EventHub } from '../../server/admin/events/hub.js';
import { systemClock } from '../../server/primary/clock.js';

const operation: OperationView = {
  id: 5,
  action: 'pool recycle',
  target: 'a',
  pool: 'a',
  state: 'running',
  startedAtMs: 1,
  endedAtMs: 0,
  error: null,
  receipts: [],
  file: '',
};
const dumped: OperationView = { ...operation, id: 6, action: 'worker dump', state: 'done', file: '/d/heap.json' };
const pool: PoolView = {
  name: 'a',
  state: 'Started',
  stoppedReason: '',
  applications: [
    {
      id: 'main/',
      site: 'main',
      path: '/',
      hostingModel: 'InProcess',
      state: 'failed',
      problem: '500.30 exited-early: the app ended: Error: secret',
      spare: 'none',
      failure: {
        atMs: 1,
        status: '500.30',
        code: 'exited-early',
        cause: 'the app ended: Error: secret',
        remedy: '',
        attempts: 1,
        journey: [],
        outputTail: 'secret',
      },
    },
  ],
  workers: [],
  restarts: 1,
  obituaries: [
    {
      atMs: 1,
      startedAtMs: 1,
      applicationId: 'main/',
      workerId: 1,
      slot: 1,
      generation: 1,
      pid: 7,
      code: 1,
      signal: null,
      reason: 'exit',
      cause: '',
      eventId: 5009,
      eventIds: [5009, 1035],
      inFlight: 1,
      how: 'with exit code 1',
      requestsInFlight: ['GET /?token=secret'],
      suspects: ['GET /?token=secret'],
      outputTail: 'secret',
      journey: [],
      attachments: [{ kind: 'stack', text: 'secret', file: '' }],
    },
  ],
  receipts: [
    {
      id: 1,
      atMs: 1,
      durationMs: 1,
      kind: 'restart',
      cause: 'exit',
      outcome: 'done',
      applicationId: 'main/',
      slot: 1,
      old: { workerId: 1, generation: 1, pid: 7, ended: 'exit' },
      successor: null,
      requests: { inFlight: 1, drained: 0, late: 0, retried: 0, cut: 1, socketsNoticed: 0 },
      eventId: 5009,
      attachments: [{ kind: 'stack', text: 'secret', file: '' }],
    },
  ],
};
const poolLimits: PoolLimitsView = {
  queue: 0,
  limits: {
    queueLength: 1_000,
    maxProcesses: 1,
    maxConcurrentRequests: 1_024,
    idleTimeoutMs: 0,
    memoryMaxBytes: null,
    cpuLimit: 0,
    processes: 1_024,
    isolation: 'user',
  },
};
const node: NodeView = {
  name: 'box',
  version: '0.0.0',
  nodeVersion: 'v20.0.0',
  pid: 1,
  startedAtMs: 1,
  state: 'ready',
  checks: [],
  listeners: 2,
  configuration: { file: '/srv/sluice.yaml', version: 'x' },
  sites: 1,
  applications: 2,
  pools: 2,
};
const sites: readonly SiteView[] = [
  {
    id: 1,
    name: 'main',
    bindings: [],
    connectionTimeoutMs: 120_000,
    maxConnections: 10,
    applications: ['a', 'b'].map((name) => ({
      id: `main/${name}`,
      site: 'main',
      path: `/${name}`,
      pool: name,
      physicalPath: '/srv',
      hostingModel: 'InProcess',
      state: 'ready',
      problem: '',
      offline: false,
    })),
  },
];

export interface AdminWorld {
  readonly control: ControlPlane;
  /** Of readiness; may be added to. */
  readonly checks: ReadinessCheck[];
  /** How often the logs were reopened. */
  reopened(): number;
  /** What was ordered: `recycle a`. */
  readonly orders: string[];
}

const upgradeView: ReturnType<ControlPlane['upgradeView']> = {
  state: 'none',
  primary: 1,
  version: '0.0.0',
  successor: 0,
  startedAtMs: 0,
  error: '',
};

export function adminWorld(): AdminWorld {
  let reopened = 0;
  const orders: string[] = [];
  const checks = [{ name: 'sockets', ok: true, detail: '' }];
  const control: ControlPlane = {
    version: '0.0.0',
    events: new EventHub(systemClock),
    clock: systemClock,
    traces: { list: async () => [], find: async () => null },
    logs: {
      open: async ({ source }) => ({
        last: [{ source, text: 'the last line' }],
        position: () => '',
        close: () => undefined,
      }),
    },
    pools: () => [pool, { ...pool, name: 'b', obituaries: [], receipts: [], applications: [] }],
    pool: (name) => (name === pool.name ? pool : null),
    poolLimits: (name) => (name === pool.name ? poolLimits : null),
    actions: {
      orderPool: (_caller, action, name) => {
        orders.push(`${action} ${name}`);
        return operation;
      },
      orderWorker: (_caller, action, id) => {
        orders.push(`${action} ${id}`);
        return operation;
      },
      orderProfile: (_caller, id, { kind }) => {
        orders.push(`profile ${kind} ${id}`);
        return operation;
      },
      orderNode: (_caller, action) => {
        orders.push(`node ${action}`);
        return operation;
      },
      orderApplication: (_caller, action, id) => {
        orders.push(`${action} ${id}`);
        return operation;
      },
      whenEnded: async () => ({ ...operation, state: 'done', endedAtMs: 2 }),
      operation: (id) => [operation, dumped].find((one) => one.id === id) ?? null,
      openFile: () => ({ name: 'heap.json', size: 2, stream: Readable.from(['{}']) }),
    },
    liveRequests: async ({ pools, site, minTimeMs }) => {
      orders.push(`requests ${pools?.join() ?? 'all'} ${site} ${minTimeMs}`);
      return { total: 0, requests: [], silentListeners: [] };
    },
    config: configStub,
    node: () => node,
    sites: () => sites,
    certificates: () => [],
    readiness: () => checks,
    isStarted: () => true,
    reopenLogs: async () => {
      reopened += 1;
    },
    upgradeView: () => upgradeView,
    orderUpgrade: (reason) => {
      orders.push(`upgrade ${reason}`);
      return upgradeView;
    },
    metrics: async () => Buffer.from('a_metric 1\n'),
  };
  return { control, checks, orders, reopened: () => reopened };
}

export function adminSettings(changes: Partial<AdminConfig>): AdminConfig {
  return { listen: null, socket: '', hosts: [], tls: null, tokens: [], metricsTokenHash: '', ...changes };
}
