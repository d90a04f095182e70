/**
 * Starts the server: an ordered list of things to acquire, released in reverse when a later one fails or
 * the server stops.
 */
import { join } from 'node:path';
import { messageOf } from '../../config/base/errors.js';
import { assertLimits, watchedFilesPerTurn } from '../../config/base/limits.js';
import type { AdminConfig, CompiledConfig } from '../../config/model.js';
import type { Identities, ListenerIdentity } from '../../pools/runtimes/isolation/identity.js';
import { armCrashPoint, crashPoint } from '../../pools/runtimes/crash-points.js';
import { createRuntimes } from '../../pools/runtimes/create-runtimes.js';
import { createSupervisor } from '../../pools/supervisor/supervisor.js';
import { areOk, type ControlPlane } from '../admin/control-plane.js';
import { EventHub } from '../admin/events/hub.js';
import { createServerLog, type LogLevel, type ServerLog } from '../log/server-log.js';
import { primaryMetrics } from '../metrics/primary-definitions.js';
import { MetricTotals } from '../metrics/fold.js';
import { PublishedMetrics } from '../metrics/published.js';
import { ProcessMetrics } from '../metrics/registry.js';
import { createIssuer } from './acme/create-issuer.js';
import { Acquisitions } from './acquisitions.js';
import { prepareChange } from './apply.js';
import { ConfigHistory } from '../../config/change/history.js';
import { Certificates } from './certificates.js';
import { systemClock } from './clock.js';
import {
  type ConfigLoader,
  type LoadedConfig,
  type LoadRequest,
  loadFailed,
  type ServedDocument,
} from './config-loader.js';
import { ConfigAdmin } from './config-admin.js';
import { ConfigFiles } from './config-files.js';
import { ConfigStudies } from './config-study.js';
import { createControlPlane } from './control-plane.js';
import { makeLogFolders, prepareFolders } from './folders.js';
import { holdPoolsDown, listenerEntry, takeIdentities, takeOver, tellSurroundings } from './ground.js';
import { closeInheritedDescriptors } from './inherited-descriptors.js';
import { fleetEvents } from './fleet-events.js';
import { LastGoodKeeper } from './last-good-keeper.js';
import { ListenerFleet } from './listener-fleet.js';
import { LogKeeper } from './log-keeper.js';
import { keptLogs } from './log-targets.js';
import { SampleFeed } from './node-sample.js';
import { createFiles } from './request-files.js';
import { Operations } from './operations.js';
import type { PrimaryParts, PrimaryState } from './parts.js';
import { idleLingerMs } from '../../config/base/service-limits.js';
import { AdminListening } from './admin-listening.js';
import { takePassedSockets } from './passed-sockets.js';
import { bothEvents, tellingEvents } from './pool-events.js';
import { countingEvents } from './pool-metrics.js';
import { QueueLedger } from './queue-ledger.js';
import { tellingLog } from './record-events.js';
import { logWarnings, Reloader, type ReloadOutcome } from './reload.js';
import { RoutePublisher } from './route-publisher.js';
import { stopAtOnce, stopGracefully } from './shutdown.js';
import { ListeningSockets } from './sockets.js';
import { goOnWith } from './upgrade/standing-orders.js';
import type { Succession } from './upgrade/succession.js';
import { agreeWhenReady, createUpgrader } from './upgrade/wiring.js';
import { ConfigWatcher } from './watcher.js';
import { readWhole } from './whole-files.js';

export interface BootOptions {
  /** How to load the configuration again. */
  readonly request: LoadRequest;
  /** Loaded `config`; its thread ends with the server. */
  readonly loader: ConfigLoader;
  readonly config: CompiledConfig;
  /** What `config` was made of; null when it is the stored copy of the last good one. */
  readonly document: ServedDocument | null;
  readonly version: string;
  readonly terminal: ((line: string) => void) | null;
  readonly level: LogLevel;
  /** From whom we take over; null = a start like any other. */
  readonly succession: Succession | null;
  /** The primary with this pid serves: stop. */
  readonly succeeded: (pid: number) => void;
}

export interface RunningServer {
  readonly control: ControlPlane;
  readonly log: ServerLog;
  config(): CompiledConfig;
  /** Makes a link to the dashboard that signs in once; '' = the admin API listens on its socket only. */
  dashboardLink(): string;
  reload(reason: string): Promise<ReloadOutcome>;
  /** Finishes what runs, within the shutdown limits; resolves when nothing is held any more. */
  stop(): Promise<void>;
  /** Starts the installed version beside this one. Throws a SluiceError when it cannot be. */
  upgrade(reason: string): void;
  /** Kills everything that is left. May be called during `stop`. */
  stopAtOnce(): void;
}

/** Throws SluiceError with a remedy; then everything acquired before is released. */
export async function boot(options: BootOptions): Promise<RunningServer> {
  assertLimits();
  const strays = closeInheritedDescriptors();
  const held = new Acquisitions();
  prepareFolders(options.config.server);
  const events = new EventHub(systemClock);
  const serverLog = createServerLog({
    clock: systemClock,
    file: join(options.config.server.logDir, 'sluice.log'),
    terminal: options.terminal,
    level: options.level,
  });
  const log = tellingLog(serverLog, events);
  if (strays.length > 0) log.info('inherited-descriptors-closed', { descriptors: strays.join(', ') });
  try {
    return await acquire(options, held, log, events);
  } catch (error) {
    await held.releaseAll(log);
    log.close();
    throw error;
  }
}

async function acquire(
  options: BootOptions,
  held: Acquisitions,
  log: ServerLog,
  events: EventHub,
): Promise<RunningServer> {
  const { config, succession } = options;
  armCrashPoint(process.env, log);
  const folder = takeOver(config.server.runDir, succession, held, log);
  const isolate = options.request.overrides.isolation !== 'process';
  const { identities, listenerIdentity } = takeIdentities(config, isolate, succession, held, log);
  crashPoint('start.identities-known');
  const parts = assemble(options, folder, held, log, events, identities, listenerIdentity);
  const logs = keepLogs(parts, config, listenerIdentity);
  held.hold('logs', () => logs.close());
  const administration = administerConfig(options, held, parts);
  const control = createControlPlane({
    ...parts,
    config: administration,
    version: options.version,
    startedAtMs: parts.clock.wallMs(),
    reload: (reason) => reloader.reload(reason),
    currentConfig: () => parts.state.config,
    isDraining: () => parts.state.isDraining,
    reopenLogs: () => logs.reopen(),
    upgrader: () => upgrader,
    adminCertificates: () => admin.certificates(),
  });
  if (succession !== null) {
    parts.supervisor.inherit(await succession.ordersToBeginWith(parts.clock));
    succession.whenAgreed((orders) => goOnWith(parts, orders));
  }
  // Sockets first: a port in use ends the start before any process runs.
  prepareChange(parts, config).commit();
  const unused = parts.sockets.unused();
  if (unused.length > 0)
    log.warn('passed-sockets-unused', { addresses: unused.join(', '), note: 'no binding wants them' });
  await parts.fleet.start(config.server.listeners);
  crashPoint('start.listeners-ready');
  if (succession !== null) await agreeWhenReady(parts.clock, control, succession);
  parts.issuer.start();
  const admin = adminOf(parts, config, control);
  held.hold('admin', () => admin.close());
  await admin.open();
  crashPoint('start.admin-listens');
  const upgrader = createUpgrader({
    ...parts,
    version: options.version,
    succeeded: options.succeeded,
    identities,
    admin,
  });
  const reloader = watchConfiguration(options, held, parts, administration);
  logWarnings(log, config);
  tellSurroundings(config, log, { user: process.getuid?.() ?? 0, pid: process.pid });
  succession?.serving(log, () => parts.runtimes.overlap('ends'));
  log.info('started', { pid: process.pid, version: options.version, node: process.version });
  crashPoint('start.done');
  return {
    control,
    log,
    config: () => parts.state.config ?? config,
    dashboardLink: () => admin.dashboardLink(),
    reload: (reason) => reloader.reload(reason),
    upgrade: (reason) => void upgrader.start(reason),
    stop: async () => {
      await stopGracefully(parts, { lingerMs: upgrader.view.state === 'handed-over' ? idleLingerMs : 0 });
      await held.releaseAll(log);
      log.info('stopped');
      log.close();
    },
    stopAtOnce: () => stopAtOnce(parts),
  };
}

function keepLogs(parts: PrimaryParts, config: CompiledConfig, listenerIdentity: ListenerIdentity | null): LogKeeper {
  return new LogKeeper({
    clock: parts.clock,
    log: parts.log,
    logDir: config.server.logDir,
    accessLogs: () => keptLogs(parts.state.config ?? config),
    budget: () => (parts.state.config ?? config).server.logBudgetBytes,
    reopenAccessLog: (file) => parts.fleet.reopenLogs(file),
    reopenOutput: () => parts.reopenOutput(),
    makeFolders: () => {
      const serving = parts.state.config ?? config;
      const isCentralBack = makeLogFolders(serving, listenerIdentity);
      return parts.siteLogFolders.make(serving) || isCentralBack;
    },
  });
}

function adminOf(parts: PrimaryParts, config: CompiledConfig, control: ControlPlane): AdminListening {
  const { clock, log } = parts;
  const settings = (): AdminConfig => (parts.state.config ?? config).server.admin;
  const feed = (): SampleFeed =>
    new SampleFeed({
      ...parts,
      hub: parts.events,
      isReady: () => areOk(control.readiness()),
    });
  return new AdminListening(control, { clock, log, settings }, feed);
}

function assemble(
  options: BootOptions,
  folder: string,
  held: Acquisitions,
  log: ServerLog,
  hub: EventHub,
  identities: Identities,
  listenerIdentity: ListenerIdentity | null,
): PrimaryParts {
  const { config } = options;
  const isSuccessor = options.succession !== null;
  const clock = systemClock;
  const state: PrimaryState = { config: null, isDraining: false, isDrained: false };
  const [totals, published] = [new MetricTotals(), new PublishedMetrics()];
  const processMetrics = new ProcessMetrics({ version: options.version, node: process.version });
  const { cgroups, guardian } = holdPoolsDown(folder, listenerIdentity, isSuccessor, held, log);
  const sockets = new ListeningSockets((open) => takePassedSockets(process.env, open, log));
  held.hold('sockets', () => sockets.close());
  const publisher = new RoutePublisher(() => clock.monotonicMs());
  const ledger = new QueueLedger();
  const runtimes = createRuntimes({
    clock,
    logger: log,
    config: { ...config.server, runDir: folder },
    isSuccessor,
    identities,
    guardian,
    cgroups,
    onOutputPaused: (pool) => totals.add(primaryMetrics.workerOutputPauses, [pool]),
    onPublished: (pool, workerId, report) => published.take(pool, workerId, report, clock.monotonicMs()),
  });
  held.hold('runtimes', async () => {
    await runtimes.close();
    crashPoint('stop.runtimes-released');
  });
  crashPoint('start.journal-begun');
  const operations = new Operations(clock, (operation) =>
    hub.publish({ kind: 'operation', pool: operation.pool, operation }),
  );
  const events = bothEvents(
    countingEvents(totals, (receipt) => operations.note(receipt)),
    tellingEvents(hub, (pool) => supervisor.viewOf(pool)),
  );
  const certificates = new Certificates({
    clock,
    logger: log,
    broadcast: (message) => publisher.send(message),
    issuedFile: (name) => issuer.fileFor(name),
  });
  held.hold('certificates', () => certificates.close());
  const issuer = createIssuer({
    clock,
    logger: log,
    stateDir: config.server.stateDir,
    publish: (challenges) => publisher.whenAcknowledged(publisher.publishChallenges(challenges)),
    certificates,
    counted: (result) => totals.add(primaryMetrics.acmeOrders, [result]),
  });
  held.hold('acme', () => issuer.close());
  const supervisor = createSupervisor({ clock, logger: log, runtimes, listeners: publisher, events });
  publisher.attach(() => supervisor.upstreams());
  const files = createFiles(log, config, state, supervisor, listenerIdentity);
  const fleet = new ListenerFleet({
    clock,
    logger: log,
    entry: listenerEntry,
    identity: listenerIdentity,
    sockets,
    publisher,
    ledger,
    events: fleetEvents(supervisor, totals, processMetrics, files.traces),
    certificates,
  });
  held.hold('listeners', () => fleet.close());
  const things = { sockets, publisher, certificates, issuer, ledger, fleet, runtimes, supervisor };
  const counts = { totals, published, processMetrics, operations, events: hub };
  return { clock, log, ...things, ...counts, ...files, state, reopenOutput: () => runtimes.reopenOutput() };
}

function administerConfig({ request, config }: BootOptions, held: Acquisitions, parts: PrimaryParts): ConfigAdmin {
  const { clock, log, state, publisher } = parts;
  const writer = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const administration = new ConfigAdmin({
    clock,
    log,
    studies: new ConfigStudies(clock),
    path: request.path,
    overrides: request.overrides,
    history: new ConfigHistory(config.server.stateDir),
    files: new ConfigFiles(request.path, writer),
    current: () => state.config ?? config,
    whenAllAcknowledged: () => publisher.whenAllAcknowledged(),
  });
  held.hold('configuration history', () => administration.close());
  return administration;
}

function watchConfiguration(
  options: BootOptions,
  held: Acquisitions,
  parts: PrimaryParts,
  administration: ConfigAdmin,
): Reloader {
  const { loader } = options;
  const keeper = new LastGoodKeeper(parts.log, (config, written) => loader.storeLastGood(config, written));
  held.hold('last good', () => keeper.close());
  held.hold('configuration loader', () => loader.close());
  const request = { ...options.request, lastGood: false };
  const reloader = new Reloader({
    parts,
    document: options.document,
    load: async (document, changed) => {
      const what = { ...request, ...(document === null ? {} : { document }), ...(changed === null ? {} : { changed }) };
      if (document === null) await administration.whenWritten();
      const own = document === null ? ownFiles(parts.state.config ?? options.config, changed) : [];
      const read = (): Promise<LoadedConfig> => {
        watcher.reading();
        return loader.load(what);
      };
      const movedAtMs = (file: string): number | null => watcher.movedAtMs(file);
      return (await readWhole(parts.clock, own, read, movedAtMs)) ?? notWhole(options.request.path);
    },
    applied: (config, change) => {
      watcher.watch(watchedFiles(config), loader.beganAtMs);
      if (isToKeep(options.request, config)) keeper.keep(config);
      if (change !== null) administration.noteApplied(config, change);
    },
  });
  const changed = (files: ReadonlySet<string>): void => {
    const { watch } = (parts.state.config ?? options.config).server;
    reloader.reload('a file changed', watch ? 'everything' : 'applications', files).catch((error: unknown) => {
      parts.log.error('reload-failed', { error: messageOf(error) });
    });
  };
  const watcher = new ConfigWatcher(parts.clock, changed, (folder, error) => {
    const remedy = 'changes are found every 30 s; raise fs.inotify.max_user_watches (sysctl)';
    parts.log.warn('folder-not-watched', { folder, error, remedy });
  });
  watcher.watch(watchedFiles(options.config), loader.beganAtMs);
  held.hold('watcher', () => watcher.close());
  if (isToKeep(options.request, options.config)) keeper.keep(options.config);
  administration.attach(reloader);
  administration.noteApplied(options.config, null);
  return reloader;
}

/** `watch` is about the administrator's files; a web.config acts when it is saved, as in IIS. */
function watchedFiles({ server, sources, applicationSources }: CompiledConfig): readonly (readonly string[])[] {
  return server.watch ? [sources, ...applicationSources] : applicationSources;
}

function notWhole(file: string): LoadedConfig {
  return { config: null, diagnostics: [loadFailed(file, 'somebody is writing it; it is read when it is left alone')] };
}

/** The administrator's files among those that may have changed; of thousands only the first. */
function ownFiles({ sources }: CompiledConfig, changed: ReadonlySet<string> | null): readonly string[] {
  if (changed === null) return sources.slice(0, watchedFilesPerTurn);
  const own = new Set(sources);
  return [...changed].filter((file) => own.has(file));
}

/** Not of a run whose isolation was overridden: a later start without the flag must not inherit it. */
function isToKeep(request: LoadRequest, config: CompiledConfig): boolean {
  return request.overrides.isolation === undefined && !config.warnings.some((one) => one.code === 'last-good');
}
