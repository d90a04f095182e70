/** One site that is attacked by clients in a process of their own, hosted as the experiment wants, and a quiet one. */
import { join } from 'node:path';
import type { HostingChoice } from '../../../support/hosting.js';
import { app } from '../../../support/paths.js';
import { startProgram } from '../../../support/program.js';
import type { Settings, Sluice, SluiceOptions } from '../../../support/sluice.js';
import { attackedHost, quietHost } from '../edge/two-tenants.js';

export function attacked(choice: HostingChoice, pool: Settings): SluiceOptions {
  const names = [attackedHost, quietHost];
  return {
    applicationPools: names.map((name) => (name === attackedHost ? { name, ...pool } : { name })),
    sites: (port) =>
      names.map((name) => ({
        name,
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}` }],
        applications: [{ path: '/', applicationPool: name, physicalPath: app('plain'), ...choice.settings }],
      })),
  };
}

/** @returns how to end them. */
export function beginAttack(sluice: Sluice, kind: 'aborts' | 'slowly', connections: number): () => Promise<unknown> {
  const args = [join(app('attacker'), 'index.js'), String(sluice.port), kind, String(connections)];
  const attacker = startProgram(process.execPath, args);
  return () => attacker.stop('SIGKILL');
}

/** Sum of a metric's series whose labels match. */
export async function metric(sluice: Sluice, name: string, labels: RegExp = /^/): Promise<number> {
  const lines = (await sluice.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`) && labels.test(line));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
