/** The files of a control group, which have other names and units in version 1 and 2: what a pool's settings become, and what they tell. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { PoolConfig } from '../../../config/model.js';
import type { Controller, Hierarchy } from './hierarchies.js';

export interface PoolUsage {
  /** CPU time of the pool since its group exists; null = not told here. */
  readonly cpuUs: number | null;
  readonly memoryBytes: number | null;
  readonly processes: number | null;
}

/** What the kernel tells of waiting for it (PSI). */
export const pressureResources = ['cpu', 'memory', 'io'] as const;
export type PressureResource = (typeof pressureResources)[number];
/** Time in which something of the pool waited for the resource, since its group exists; what is not told is not in it. */
export type StalledUs = ReadonlyMap<PressureResource, number>;

/** The kernel's period for quotas. */
const periodUs = 100_000;
const quotaUsMin = 1_000;

export function poolSettings(pool: PoolConfig, { version, controllers }: Hierarchy): [file: string, value: string][] {
  const { memoryMaxBytes, memoryHighBytes, pidsMax } = pool.resources;
  const has = (controller: Controller): boolean => controllers.includes(controller);
  const bytes = (value: number | null): string => (value === null ? (version === 2 ? 'max' : '-1') : String(value));
  const settings: [string, string][] = [];
  if (has('memory')) {
    settings.push([version === 2 ? 'memory.max' : 'memory.limit_in_bytes', bytes(memoryMaxBytes)]);
    settings.push([version === 2 ? 'memory.high' : 'memory.soft_limit_in_bytes', bytes(memoryHighBytes)]);
  }
  if (has('cpu')) settings.push(...cpuSettings(pool, version));
  if (has('pids')) settings.push(['pids.max', String(pidsMax)]);
  return settings;
}

function cpuSettings({ cpu, resources }: PoolConfig, version: 1 | 2): [string, string][] {
  const share = cpu.limit / 100_000;
  const underLoad = cpu.action === 'ThrottleUnderLoad' && cpu.limit > 0;
  const weight = Math.max(1, Math.round(resources.cpuWeight * (underLoad ? share : 1)));
  const quota =
    cpu.action === 'Throttle' && cpu.limit > 0
      ? Math.max(quotaUsMin, Math.round(share * availableParallelism() * periodUs))
      : null;
  if (version === 2) return [weightSetting(weight, 2), ['cpu.max', `${quota ?? 'max'} ${periodUs}`]];
  return [weightSetting(weight, 1), ['cpu.cfs_period_us', String(periodUs)], ['cpu.cfs_quota_us', String(quota ?? -1)]];
}

/** 100 is what every group has: 1024 shares in version 1. */
export function weightSetting(weight: number, version: 1 | 2): [string, string] {
  if (version === 2) return ['cpu.weight', String(weight)];
  return ['cpu.shares', String(Math.min(262_144, Math.max(2, Math.round((weight * 1_024) / 100))))];
}

/** `folders`: the pool's group in each hierarchy. */
export function readUsage(folders: readonly { readonly version: 1 | 2; readonly folder: string }[]): PoolUsage {
  const first = (read: (folder: string, version: 1 | 2) => number | null): number | null => {
    for (const { folder, version } of folders) {
      const value = read(folder, version);
      if (value !== null) return value;
    }
    return null;
  };
  return {
    cpuUs: first((folder, version) =>
      version === 2
        ? numberIn(join(folder, 'cpu.stat'), /^usage_usec (\d+)$/m)
        : inMicroseconds(numberIn(join(folder, 'cpuacct.usage'), /^(\d+)/)),
    ),
    memoryBytes: first((folder, version) =>
      numberIn(join(folder, version === 2 ? 'memory.current' : 'memory.usage_in_bytes'), /^(\d+)/),
    ),
    processes: first((folder) => numberIn(join(folder, 'pids.current'), /^(\d+)/)),
  };
}

/** Only version 2 tells it. */
export function readStalled(folders: readonly { readonly version: 1 | 2; readonly folder: string }[]): StalledUs {
  const found = new Map<PressureResource, number>();
  for (const { version, folder } of folders) {
    if (version === 1) continue;
    for (const resource of pressureResources) {
      const value = numberIn(join(folder, `${resource}.pressure`), someStalled);
      if (value !== null) found.set(resource, value);
    }
  }
  return found;
}

const someStalled = /^some .*total=(\d+)$/m;

function inMicroseconds(nanoseconds: number | null): number | null {
  return nanoseconds === null ? null : Math.round(nanoseconds / 1_000);
}

/** Processes of this group that the kernel killed because the memory limit above it was reached. */
export function readOutOfMemoryKills(folder: string, version: 1 | 2): number {
  const file = version === 2 ? 'memory.events' : 'memory.oom_control';
  return numberIn(join(folder, file), /^oom_kill (\d+)$/m) ?? 0;
}

/** Dead processes that nobody has reaped yet count too, unlike among the members. */
export function readProcessCount(folder: string): number {
  return numberIn(join(folder, 'pids.current'), /^(\d+)/) ?? 0;
}

export function readMembers(folder: string): number[] {
  try {
    const text = readFileSync(join(folder, 'cgroup.procs'), 'latin1');
    return text.split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function numberIn(file: string, pattern: RegExp): number | null {
  try {
    const match = pattern.exec(readFileSync(file, 'utf8'));
    return match?.[1] === undefined ? null : Number(match[1]);
  } catch {
    return null;
  }
}
