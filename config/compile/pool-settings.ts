/** Sections of a pool from the words of the file to the model's units. */
import { availableParallelism } from 'node:os';
import type { FailureConfig, ProcessModelConfig, ProgramConfig, RecyclingConfig } from '../model.js';
import type { PoolSettings } from '../schema/root.js';
import { splitArguments } from './command-line.js';

export function processModel({ processModel: model }: PoolSettings): ProcessModelConfig {
  const takesUser = model.userName !== undefined && model.identityType !== 'LocalSystem';
  return {
    maxProcesses: model.maxProcesses === 0 ? availableParallelism() : model.maxProcesses,
    idleTimeoutMs: model.idleTimeout,
    idleTimeoutAction: model.idleTimeoutAction,
    startupTimeLimitMs: model.startupTimeLimit,
    shutdownTimeLimitMs: model.shutdownTimeLimit,
    pingingEnabled: model.pingingEnabled,
    pingIntervalMs: model.pingInterval,
    pingResponseTimeMs: model.pingResponseTime,
    maxConcurrentRequests: model.maxConcurrentRequests,
    compileCache: model.compileCache,
    spareHost: model.spareHost,
    userName: takesUser ? (model.userName ?? null) : null,
    logEventOnProcessModel: model.logEventOnProcessModel,
  };
}

export function recycling({ recycling: section }: PoolSettings): RecyclingConfig {
  const { time, requests, memory, privateMemory, schedule } = section.periodicRestart;
  return {
    disallowOverlappingRotation: section.disallowOverlappingRotation,
    disallowRotationOnConfigChange: section.disallowRotationOnConfigChange,
    rolling: section.rolling,
    restartFile: section.restartFile,
    fileChange: section.fileChange,
    logEventOnRecycle: section.logEventOnRecycle,
    periodicRestartTimeMs: time,
    periodicRestartRequests: requests,
    periodicRestartMemoryBytes: memory * 1_024,
    periodicRestartPrivateMemoryBytes: privateMemory * 1_024,
    periodicRestartScheduleMs: schedule.toSorted((a, b) => a - b),
  };
}

/** The programs with absolute paths; '' = none. */
export interface FailurePrograms {
  readonly orphanAction: string;
  readonly autoShutdown: string;
}

export function failure({ failure: section }: PoolSettings, programs: FailurePrograms): FailureConfig {
  return {
    rapidFailProtection: section.rapidFailProtection,
    rapidFailProtectionIntervalMs: section.rapidFailProtectionInterval,
    rapidFailProtectionMaxCrashes: section.rapidFailProtectionMaxCrashes,
    rapidFailProbeMs: section.rapidFailProbe,
    hangDetectionMs: section.hangDetection,
    orphanWorkerProcess: section.orphanWorkerProcess,
    orphanAction: program(programs.orphanAction, section.orphanActionParams),
    autoShutdown: program(programs.autoShutdown, section.autoShutdownParams),
  };
}

function program(file: string, params: string): ProgramConfig | null {
  return file === '' ? null : { file, arguments: splitArguments(params) };
}
