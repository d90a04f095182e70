/** Implements what the admin API asks for over the parts that the primary holds. */
import type { Clock } from '../../config/base/clock.js';
import type { CompiledConfig } from '../../config/model.js';
import type { RequestFilter } from '../../pools/protocol/live-requests.js';
import type { Runtimes } from '../../pools/runtimes/create-runtimes.js';
import type { SupervisorPort } from '../../pools/supervisor/ports.js';
import type { ConfigControl } from '../admin/config-control.js';
import type { ControlPlane, LiveRequestsView, ReadinessCheck } from '../admin/control-plane.js';
import type { EventHub } from '../admin/events/hub.js';
import type { MetricTotals } from '../metrics/fold.js';
import type { PublishedMetrics } from '../metrics/published.js';
import type { ProcessMetrics } from '../metrics/registry.js';
import type { Issuer } from './acme/issuer.js';
import { type CertificateView, firstToEnd, withOrders } from './certificate-views.js';
import type { Certificates } from './certificates.js';
import { createActions } from './actions.js';
import type { ListenerFleet } from './listener-fleet.js';
import { PrimaryLogReader } from './log-reader.js';
import type { Operations } from './operations.js';
import { Scrapes } from './scrapes.js';
import type { ListeningSockets } from './sockets.js';
import type { Upgrader } from './upgrade/upgrader.js';

export interface ControlPlaneParts {
  readonly version: string;
  readonly clock: Clock;
  readonly events: EventHub;
  readonly supervisor: SupervisorPort;
  readonly runtimes: Pick<Runtimes, 'stalled' | 'outputTaps'>;
  readonly fleet: ListenerFleet;
  readonly sockets: ListeningSockets;
  readonly totals: MetricTotals;
  readonly published: PublishedMetrics;
  readonly processMetrics: ProcessMetrics;
  readonly operations: Operations;
  readonly certificates: Pick<Certificates, 'views'>;
  readonly issuer: Pick<Issuer, 'views'>;
  readonly config: ConfigControl;
  /** The configuration that serves; null before the first one was applied. */
  currentConfig(): CompiledConfig | null;
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
  const allCertificates = (): CertificateView[] => withOrders(parts.certificates.views(), parts.issuer.views());
  const readiness = (): ReadinessCheck[] => [
    check('configuration', parts.currentConfig() !== null, 'not applied yet'),
    check('sockets', parts.sockets.held().length > 0 || parts.currentConfig()?.sites.length === 0, 'none bound'),
    listeners(),
    check('pools', parts.supervisor.settled(), 'a pool with startMode AlwaysRunning is still starting'),
    check('draining', !parts.isDraining(), 'the server is stopping'),
  ];
  const scrapes = new Scrapes({
    ...parts,
    certificates: allCertificates,
    isReady: () => readiness().every((one) => one.ok),
  });
  return {
    version: parts.version,
    events: parts.events,
    clock: parts.clock,
    logs: new PrimaryLogReader({
      clock: parts.clock,
      taps: parts.runtimes.outputTaps,
      currentConfig: () => parts.currentConfig(),
    }),
    pools: () => parts.supervisor.view(),
    pool: (name) => parts.supervisor.viewOf(name),
    certificates: () => firstToEnd(allCertificates()),
    config: parts.config,
    actions: createActions(parts.supervisor, parts.operations, () => parts.currentConfig()?.server.stateDir ?? ''),
    liveRequests: (filter) => liveRequests(parts, filter),
    isStarted: () => parts.currentConfig() !== null,
    readiness,
    reopenLogs: () => parts.reopenLogs(),
    upgradeView: () => parts.upgrader().view,
    orderUpgrade: (reason) => parts.upgrader().start(reason),
    metrics: () => scrapes.text(),
  };
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
