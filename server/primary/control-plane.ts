/** Implements what the admin API asks for over the parts that the primary holds. */
import { hostname } from 'node:os';
import type { CompiledConfig } from '../../config/model.js';
import type { RequestFilter } from '../../pools/protocol/live-requests.js';
import type { Runtimes } from '../../pools/runtimes/create-runtimes.js';
import type { ConfigControl } from '../admin/config-control.js';
import { areOk, type ControlPlane, type LiveRequestsView, type ReadinessCheck } from '../admin/control-plane.js';
import type { EventHub } from '../admin/events/hub.js';
import type { NodeView, PoolLimitsView } from '../admin/site-views.js';
import type { MetricTotals } from '../metrics/fold.js';
import type { PublishedMetrics } from '../metrics/published.js';
import type { ProcessMetrics } from '../metrics/registry.js';
import type { Issuer } from './acme/issuer.js';
import { type CertificateView, firstToEnd, withOrders } from './certificate-views.js';
import type { Certificates } from './certificates.js';
import { createActions } from './actions.js';
import type { ListenerFleet } from './listener-fleet.js';
import { PrimaryLogReader } from './log-reader.js';
import type { QueueLedger } from './queue-ledger.js';
import { Scrapes } from './scrapes.js';
import { createNodeActions, type NodeActionParts } from './node-actions.js';
import { siteViews } from './site-views.js';
import type { ListeningSockets } from './sockets.js';
import type { TraceKeeper } from './trace-keeper.js';
import type { Upgrader } from './upgrade/upgrader.js';

export interface ControlPlaneParts extends NodeActionParts {
  readonly version: string;
  readonly startedAtMs: number;
  readonly events: EventHub;
  readonly traces: TraceKeeper;
  readonly runtimes: Pick<Runtimes, 'stalled' | 'outputTaps'>;
  readonly fleet: ListenerFleet;
  readonly sockets: ListeningSockets;
  readonly ledger: Pick<QueueLedger, 'waiting'>;
  readonly totals: MetricTotals;
  readonly published: PublishedMetrics;
  readonly processMetrics: ProcessMetrics;
  readonly certificates: Pick<Certificates, 'views'>;
  readonly issuer: Pick<Issuer, 'views'>;
  /** The one that the admin listener itself is served with. */
  readonly adminCertificates: () => readonly CertificateView[];
  readonly config: ConfigControl;
  /** The configuration that serves; null before the first one was applied. */
  readonly currentConfig: () => CompiledConfig | null;
  isDraining(): boolean;
  reopenLogs(): Promise<void>;
  upgrader(): Upgrader;
}

export function createControlPlane(parts: ControlPlaneParts): ControlPlane {
  let listenersWereComplete = false;
  const listeners = (): ReadinessCheck => {
    // Once all were there, the death of one is repaired without taking the node out of the balance.
    if (parts.fleet.isComplete()) listenersWereComplete = true;
    const count = parts.fleet.completeCount();
    const ok = listenersWereComplete && count > 0;
    return { name: 'listeners', ok, detail: `${count} accept requests` };
  };
  const allCertificates = (): CertificateView[] => [
    ...parts.adminCertificates(),
    ...withOrders(parts.certificates.views(), parts.issuer.views()),
  ];
  const readiness = (): ReadinessCheck[] => [
    check('configuration', parts.currentConfig() !== null, 'not applied yet'),
    check('sockets', parts.sockets.held().length > 0 || parts.currentConfig()?.sites.length === 0, 'none bound'),
    listeners(),
    check('pools', parts.supervisor.settled(), 'a pool with startMode AlwaysRunning is still starting'),
    check('draining', !parts.isDraining(), 'the server is stopping'),
    check('balance', !parts.state.isDrained, 'an administrator drained this node'),
  ];
  const scrapes = new Scrapes({
    ...parts,
    certificates: allCertificates,
    isReady: () => areOk(readiness()),
  });
  return {
    version: parts.version,
    events: parts.events,
    clock: parts.clock,
    traces: parts.traces,
    logs: new PrimaryLogReader({
      clock: parts.clock,
      taps: parts.runtimes.outputTaps,
      currentConfig: () => parts.currentConfig(),
    }),
    pools: () => parts.supervisor.view(),
    pool: (name) => parts.supervisor.viewOf(name),
    poolLimits: (name) => poolLimits(parts, name),
    certificates: () => firstToEnd(allCertificates()),
    config: parts.config,
    actions: {
      ...createActions(parts.supervisor, parts.operations, () => parts.currentConfig()?.server.stateDir ?? ''),
      ...createNodeActions(parts),
    },
    node: () => nodeView(parts, readiness()),
    sites: () => siteViews(parts.currentConfig(), parts.supervisor.view(), parts.supervisor.offline.ids),
    liveRequests: (filter) => liveRequests(parts, filter),
    isStarted: () => parts.currentConfig() !== null,
    readiness,
    reopenLogs: () => parts.reopenLogs(),
    upgradeView: () => parts.upgrader().view,
    orderUpgrade: (reason) => parts.upgrader().start(reason),
    metrics: (reuseMs) => scrapes.text(reuseMs),
  };
}

function poolLimits({ currentConfig, ledger }: ControlPlaneParts, name: string): PoolLimitsView | null {
  const pool = currentConfig()?.pools.find((one) => one.name === name);
  if (pool === undefined) return null;
  const { queueLength, processModel, resources, cpu, isolation } = pool;
  const { maxProcesses, maxConcurrentRequests, idleTimeoutMs } = processModel;
  const { memoryMaxBytes, pidsMax: processes } = resources;
  const limits = { queueLength, maxProcesses, maxConcurrentRequests, idleTimeoutMs };
  return {
    queue: ledger.waiting(name),
    limits: { ...limits, memoryMaxBytes, cpuLimit: cpu.limit, processes, isolation },
  };
}

function nodeView(parts: ControlPlaneParts, checks: readonly ReadinessCheck[]): NodeView {
  const config = parts.currentConfig();
  return {
    name: hostname(),
    version: parts.version,
    nodeVersion: process.version,
    pid: process.pid,
    startedAtMs: parts.startedAtMs,
    state: nodeState(parts, checks),
    checks,
    listeners: parts.fleet.completeCount(),
    configuration: { file: config?.file ?? '', version: config?.version ?? '' },
    sites: config?.sites.length ?? 0,
    applications: config?.applications.length ?? 0,
    pools: config?.pools.length ?? 0,
  };
}

function nodeState(parts: ControlPlaneParts, checks: readonly ReadinessCheck[]): NodeView['state'] {
  if (parts.isDraining()) return 'stopping';
  if (parts.currentConfig() === null) return 'starting';
  if (parts.state.isDrained) return 'drained';
  return areOk(checks) ? 'ready' : 'not-ready';
}

async function liveRequests(
  { fleet, supervisor }: ControlPlaneParts,
  filter: RequestFilter,
): Promise<LiveRequestsView> {
  const round = await fleet.listRequests(filter);
  const pids = new Map(supervisor.view().flatMap(({ workers }) => workers.map((one) => [one.workerId, one.pid])));
  return { ...round, requests: round.requests.map((one) => ({ ...one, pid: pids.get(one.workerId) ?? 0 })) };
}

function check(name: string, ok: boolean, otherwise: string): ReadinessCheck {
  return { name, ok, detail: ok ? '' : otherwise };
}
