/** Settings of an application that others leave without effect: one warning each. */
import type { EnvironmentVariable, HostingConfig, PoolConfig } from '../model.js';

export interface WithoutEffect {
  /** Of `hosting` or of the module's element. */
  readonly attribute: string;
  readonly message: string;
  readonly remedy: string;
}

const portVariable = 'ASPNETCORE_PORT';

export function settingsWithoutEffect(hosting: HostingConfig, pool: PoolConfig): readonly WithoutEffect[] {
  if (hosting.hostingModel === 'InProcess') {
    if (hosting.socket === 'tcp') return [];
    const message = 'socket: unix has no effect in-process: requests come over the links of the worker';
    return [{ attribute: 'socket', message, remedy: 'remove it, or set hostingModel OutOfProcess' }];
  }
  const fixed = [...pool.environmentVariables, ...hosting.environmentVariables].some(isFixedPort);
  if (!fixed || hosting.socket === 'unix') return [];
  const { maxProcesses } = pool.processModel;
  const has = `has no effect: ${portVariable} names one port, so one process runs`;
  const remedy = `remove ${portVariable}: every process gets a port of its own then`;
  const found: WithoutEffect[] = [];
  if (hosting.processesPerApplication > 1) {
    const message = `processesPerApplication ${hosting.processesPerApplication} ${has}`;
    found.push({ attribute: 'processesPerApplication', message, remedy });
  }
  if (maxProcesses > 1) {
    const message = `maxProcesses ${maxProcesses} of pool ${pool.name} ${has}`;
    found.push({ attribute: 'environmentVariables', message, remedy });
  }
  return found;
}

function isFixedPort({ name, value }: EnvironmentVariable): boolean {
  return name === portVariable && value !== '';
}
