/** The variables of the ASP.NET Core Module's protocol, beside those that every hosted program gets. */
import { env, iisIntegrationAssembly } from '../../integration/contract.js';
import { configuredValue, siteVariables } from '../hosted-environment.js';
import { buildEnvironment, type PoolFolders } from '../isolation/environment.js';
import type { Identity } from '../isolation/identity.js';
import type { WorkerStart } from '../runtime.js';
import { StartError } from '../start-error.js';

export interface ProtocolValues {
  readonly port: number;
  readonly token: string;
  /** Needed by app hosts when dotnet lies in an unusual place; null = no. */
  readonly dotnetRoot: string | null;
}

export function outOfProcessEnvironment(
  worker: WorkerStart,
  identity: Identity | null,
  folders: PoolFolders,
  values: ProtocolValues,
): Map<string, string> {
  const port = String(values.port);
  const variables = buildEnvironment({
    identity,
    folders,
    pool: worker.pool,
    application: worker.hosting.environmentVariables,
    defaults: new Map([
      [env.ancmHttpsPort, ''],
      [env.hostingStartupAssemblies, iisIntegrationAssembly],
      ...(values.dotnetRoot === null ? [] : [['DOTNET_ROOT', values.dotnetRoot] as const]),
    ]),
    fixed: new Map([
      ...siteVariables(worker),
      [env.port, port],
      [env.token, values.token],
      [env.genericPort, port],
      [env.httpPlatformPort, port],
    ]),
  });
  for (const [name, value] of variables) variables.set(name, expandPort(value, port));
  return variables;
}

/** The port is chosen at the start, so its placeholders are the ones that only the start can fill. */
export function expandPort(text: string, port: string): string {
  return text.replaceAll(/%(?:ASPNETCORE_PORT|HTTP_PLATFORM_PORT|PORT)%/gi, port);
}

/** Travels in a header of every request, so a configured token must be one plain word. */
const tokenPattern = /^[\x21-\x7e]{1,256}$/;

/** ASPNETCORE_TOKEN of the configuration, else a new UUID in lower case. Throws StartError. */
export function pairingToken(worker: WorkerStart): string {
  const configured = configuredValue(worker, env.token);
  if (configured === null) return crypto.randomUUID();
  if (tokenPattern.test(configured)) return configured;
  throw new StartError(
    'token-refused',
    'ASPNETCORE_TOKEN is set to something that cannot be sent in a header',
    'Use at most 256 visible ASCII characters, or remove it: a random token is used then.',
  );
}
