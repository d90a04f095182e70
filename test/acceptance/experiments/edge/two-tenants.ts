import { hostingModels } from '../../../support/hosting.js';
import { app } from '../../../support/paths.js';
import type { SluiceOptions } from '../../../support/sluice.js';

/** Two sites on one port: one is attacked, the other one has to notice nothing. */
export const attackedHost = 'attacked.test';
export const quietHost = 'quiet.test';

export function twoTenants(server: SluiceOptions['server'] = {}): SluiceOptions {
  const [inProcess] = hostingModels;
  const site = (port: number, name: string): Record<string, unknown> => ({
    name,
    bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test` }],
    applications: [{ path: '/', applicationPool: name, physicalPath: app('plain'), ...inProcess?.settings }],
  });
  return {
    applicationPools: [{ name: 'attacked' }, { name: 'quiet' }],
    sites: (port) => [site(port, 'attacked'), site(port, 'quiet')],
    server,
  };
}
