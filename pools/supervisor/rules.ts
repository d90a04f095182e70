/** From the configuration to the rules of the machines, and which changes need new processes. */
import {
  acknowledgeSilenceMs,
  heartbeatLateMs,
  linkHelloTimeoutMs,
  startBackstopMs,
} from '../../config/base/limits.js';
import type { ApplicationConfig, HostingConfig, PoolConfig, SiteConfig } from '../../config/model.js';
import { env } from '../integration/contract.js';
import { configuredValue, isInspected } from '../runtimes/hosted-environment.js';
import type { ReloadReason } from '../lifecycle/exit-reason.js';
import type { ApplicationRules } from '../lifecycle/application-states.js';
import type { PoolRules } from '../lifecycle/pool-states.js';
import type { WorkerRules } from '../lifecycle/worker-states.js';

export function poolRules(pool: PoolConfig): PoolRules {
  const { failure } = pool;
  return {
    rapidFail: failure.rapidFailProtection
      ? { intervalMs: failure.rapidFailProtectionIntervalMs, tripsAt: failure.rapidFailProtectionMaxCrashes }
      : null,
    probeMs: failure.rapidFailProbeMs,
    alwaysRunning: pool.startMode === 'AlwaysRunning',
    shutdownLimitMs: pool.processModel.shutdownTimeLimitMs,
  };
}

export function applicationRules(pool: PoolConfig, application: ApplicationConfig): ApplicationRules {
  const { hosting, failure } = application;
  const inProcess = hosting === null || hosting.hostingModel === 'InProcess';
  // A fixed port has room for one process, and for the next one only when that is gone.
  const alone = !inProcess && hosting.socket === 'tcp' && hasFixedPort(pool, hosting);
  const slotsFirst = alone ? 1 : pool.processModel.maxProcesses;
  return {
    model: inProcess ? 'InProcess' : 'OutOfProcess',
    slotsFirst,
    slotsMax: inProcess || alone ? slotsFirst : slotsFirst * hosting.processesPerApplication,
    alwaysRunning: pool.startMode === 'AlwaysRunning',
    suspendsIdle: pool.processModel.idleTimeoutAction === 'Suspend',
    overlap: !pool.recycling.disallowOverlappingRotation && !alone,
    rolling: pool.recycling.rolling,
    rapidFailsPerMinute: pool.failure.rapidFailProtection ? (hosting?.rapidFailsPerMinute ?? 0) : null,
    refused: failure ?? (hosting === null ? { status: 500, subStatus: 0 } : null),
  };
}

function hasFixedPort(pool: PoolConfig, hosting: HostingConfig): boolean {
  return configuredValue({ pool, hosting }, env.port) !== null;
}

export function workerRules(pool: PoolConfig, hosting: HostingConfig): WorkerRules {
  const { processModel, recycling, failure } = pool;
  const inProcess = hosting.hostingModel === 'InProcess';
  return {
    model: hosting.hostingModel,
    helloLimitMs: inProcess ? processModel.startupTimeLimitMs + startBackstopMs : 0,
    listenLimitMs: (inProcess ? 1 : hosting.startAttempts) * hosting.startupTimeLimitMs + startBackstopMs,
    linkLimitMs: 2 * linkHelloTimeoutMs,
    shutdownLimitMs: processModel.shutdownTimeLimitMs,
    exitLimitMs: hosting.shutdownTimeLimitMs,
    pingIntervalMs: processModel.pingingEnabled ? processModel.pingIntervalMs : 0,
    pingResponseMs: processModel.pingResponseTimeMs,
    suspectLimitMs: acknowledgeSilenceMs,
    lateMs: inProcess ? heartbeatLateMs : 0,
    hangMs: isInspected(hosting) ? 0 : failure.hangDetectionMs,
    idleTimeoutMs: processModel.idleTimeoutMs,
    periodicTimeMs: recycling.periodicRestartTimeMs,
    periodicRequests: recycling.periodicRestartRequests,
    periodicMemoryBytes: recycling.periodicRestartMemoryBytes,
    periodicPrivateBytes: recycling.periodicRestartPrivateMemoryBytes,
    checkIntervalMs: hosting.healthCheck?.intervalMs ?? 0,
    checkFailures: hosting.healthCheck?.failures ?? 0,
    orphan: failure.orphanWorkerProcess,
  };
}

interface Configured {
  readonly pool: PoolConfig;
  readonly application: ApplicationConfig;
  readonly site: SiteConfig;
}

/** What a running process was started with; time limits, counters and sizes apply without a restart. */
function startedWith({ pool, application, site }: Configured): unknown {
  const { hosting } = application;
  const { openFiles, processes, fileSizeBytes } = pool.resources;
  if (hosting === null) return null;
  return {
    process: [pool.isolation, pool.nodePath, pool.environmentVariables, pool.processModel.userName],
    rights: [openFiles, processes, fileSizeBytes, pool.cpu.affinityMask, pool.sandbox, pool.nodePermissions],
    application: [application.path, application.physicalPath, site.name, site.id],
    program: [hosting.hostingModel, hosting.processPath, hosting.arguments, hosting.nodeOptions, hosting.entry],
    behaviour: [hosting.isDotnet, hosting.environmentVariables, hosting.port, hosting.socket, hosting.webSocket],
    output: [
      hosting.stdoutLogEnabled,
      hosting.stdoutLogFile,
      hosting.handlerSettings.enableOutOfProcessConsoleRedirection,
    ],
  };
}

/** Null: the running processes may stay. A touched file is an order of its own, whatever else has changed. */
export function reloadReason(before: Configured, after: Configured, staysOnConfigChange: boolean): ReloadReason | null {
  if (isTouched(before, after)) return 'file-change';
  return staysOnConfigChange || isSame(startedWith(before), startedWith(after)) ? null : 'config-change';
}

/** A file that is watched since now, or no more, is not one that has changed; nor is a restart file that is gone. */
function isTouched(before: Configured, after: Configured): boolean {
  const old = before.application.hosting;
  const now = after.application.hosting;
  if (old === null || now === null) return false;
  const { restartFile } = now;
  const isRestart = restartFile !== null && restartFile.stamp !== '' && restartFile.path === old.restartFile?.path;
  if (isRestart && restartFile.stamp !== old.restartFile.stamp) return true;
  const stamps = new Map(old.recycleOnFileChange.map(({ path, stamp }) => [path, stamp]));
  return now.recycleOnFileChange.some(({ path, stamp }) => (stamps.get(path) ?? stamp) !== stamp);
}

/**
 * Configuration is plain data in a fixed order of keys, so that equal text means nothing has changed. What was not
 * even read again is the same object.
 */
export function isSame(before: unknown, after: unknown): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}
