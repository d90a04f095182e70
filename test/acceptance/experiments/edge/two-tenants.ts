import { hostingModels } from '../../../support/hosting.js';
import { app } from '../../../support/paths.js';
import type { Settings, SluiceOptions } from '../../../support/sluice.js';

/** Two sites on one port: one is attacked, the other one has to notice nothing. */
export const attackedHost = 'attacked.test';
export const quietHost = 'quiet.test';

/** What a hoster gives a tenant that it does not know. */
export const attackedLimits: Settings = {
  cpu: { limit: 25_000, action: 'Throttle' },
  resources: { pidsMax: 128, memoryMax: '256MB' },
};

/** `protocol` https: with the certificate for development, to which clients give the name of their tenant. */
export function twoTenants(
  server: SluiceOptions['server'] = {},
  attacked: Settings = {},
  protocol: 'http' | 'https' = 'http',
): SluiceOptions {
  const [inProcess] = hostingModels;
  const address = protocol === 'https' ? '127.0.0.1' : '*';
  const site = (port: number, name: string): Record<string, unknown> => ({
    name,
    bindings: [{ protocol, bindingInformation: `${address}:${port}:${name}.test` }],
    applications: [{ path: '/', applicationPool: name, physicalPath: app('plain'), ...inProcess?.settings }],
  });
  return {
    applicationPools: [{ name: 'attacked', ...attacked }, { name: 'quiet' }],
    sites: (port) => [site(port, 'attacked'), site(port, 'quiet')],
    server,
  };
}
