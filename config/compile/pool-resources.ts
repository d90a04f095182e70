/** `cpu`, `resources`, `sandbox` and `nodePermissions` of a pool, and what they ask of the machine. */
import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { systemPath } from '../base/system-path.js';
import type { Path } from '../load/source.js';
import type { PoolConfig } from '../model.js';
import type { PoolSettings } from '../schema/root.js';
import type { Report } from './report.js';

export function poolResources(
  settings: PoolSettings,
): Pick<PoolConfig, 'cpu' | 'resources' | 'sandbox' | 'nodePermissions'> {
  const { cpu, resources, sandbox, nodePermissions } = settings;
  const { enabled, ...granted } = nodePermissions;
  return {
    cpu: {
      limit: cpu.limit,
      action: cpu.action,
      resetIntervalMs: cpu.resetInterval,
      affinityMask: cpu.smpAffinitized
        ? affinityMask(cpu.smpProcessorAffinityMask, cpu.smpProcessorAffinityMask2).toString(16)
        : null,
    },
    resources: {
      memoryMaxBytes: resources.memoryMax ?? null,
      memoryHighBytes: resources.memoryHigh ?? null,
      cpuWeight: resources.cpuWeight,
      pidsMax: resources.pidsMax,
      openFiles: resources.openFiles ?? null,
      processes: resources.processes ?? null,
      fileSizeBytes: resources.fileSize ?? null,
    },
    sandbox,
    nodePermissions: enabled ? granted : null,
  };
}

/** Processors that both the masks and this machine have. */
function affinityMask(low: number, high: number): bigint {
  const wanted = (BigInt(high) << 32n) | BigInt(low);
  return wanted & ((1n << BigInt(availableParallelism())) - 1n);
}

export function checkResources(pool: PoolConfig, report: Report, path: Path): void {
  const at = (...steps: string[]): Path => {
    const own = [...path, ...steps];
    return report.has(own) ? own : ['applicationPoolDefaults', ...steps];
  };
  if (pool.cpu.affinityMask === '0') {
    report.at(at('cpu', 'smpProcessorAffinityMask'), {
      code: 'out-of-range',
      message: `the mask names none of the ${availableParallelism()} processors of this machine`,
      remedy: 'set a bit of a processor that exists, or smpAffinitized: false',
    });
  }
  const { memoryMaxBytes, memoryHighBytes } = pool.resources;
  if (memoryMaxBytes !== null && memoryHighBytes !== null && memoryHighBytes > memoryMaxBytes) {
    report.at(at('resources', 'memoryHigh'), {
      code: 'out-of-range',
      message: 'memoryHigh is above memoryMax and would never act',
      remedy: 'write a smaller one',
    });
  }
  if (pool.isolation === 'sandbox' && !hasBubblewrap()) {
    report.at(at('isolation'), {
      code: 'sandbox-missing',
      message: `pool ${pool.name} is a sandbox, and bubblewrap (bwrap) is not installed`,
      remedy: 'install it (apt-get install bubblewrap), or write isolation: user',
    });
  }
}

function hasBubblewrap(): boolean {
  return systemPath.split(':').some((folder) => {
    try {
      accessSync(`${folder}/bwrap`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
