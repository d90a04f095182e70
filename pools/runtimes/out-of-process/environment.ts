/** The variables of the ASP.NET Core Module's protocol, beside those that every hosted program gets. */
import type { EnvironmentVariable } from '../../../config/model.js';
import { env, iisIntegrationAssembly } from '../../integration/contract.js';
import { configuredValue, siteVariables } from '../hosted-environment.js';
import { buildEnvironment, type PoolFolders } from '../isolation/environment.js';
import type { Identity } from '../isolation/identity.js';
import type { WorkerStart } from '../runtime.js';
import { StartError } from '../start-error.js';

export interface ProtocolValues {
  /** Decimal, or the path of a unix socket. */
  readonly port: string;
  readonly aspNetCorePort: string;
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
  const { port } = values;
  const variables = buildEnvironment({
    identity,
    folders,
    pool: worker.pool,
    application: worker.hosting.environmentVariables,
    defaults: new Map([
      [env.ancmHttpsPort, ''],
      ...(values.dotnetRoot === null ? [] : [['DOTNET_ROOT', values.dotnetRoot] as const]),
      ...shutdownTimeout(worker),
    ]),
    fixed: new Map([
      ...siteVariables(worker),
      [env.hostingStartupAssemblies, hostingStartupAssemblies(worker)],
      [env.port, values.aspNetCorePort],
      [env.token, values.token],
      [env.genericPort, port],
      [env.httpPlatformPort, port],
    ]),
  });
  for (const [name, value] of variables) variables.set(name, expandPort(value, port));
  return variables;
}

/** What the pool has is added to, as the module does with what it inherits; what the application says is left alone. */
function hostingStartupAssemblies(worker: WorkerStart): string {
  const find = (variables: readonly EnvironmentVariable[]): string | undefined =>
    variables.findLast(({ name }) => name === env.hostingStartupAssemblies)?.value;
  const inherited = find(worker.pool.environmentVariables) ?? '';
  return (
    find(worker.hosting.environmentVariables) ??
    (inherited === '' ? iisIntegrationAssembly : `${inherited};${iisIntegrationAssembly}`)
  );
}

const shutdownMarginMs = 2_000;

/**
 * .NET gives its services 30 s to stop unless told otherwise, and would be killed at shutdownTimeLimit without
 * having cleaned up: told to be quicker, it ends by itself.
 */
function shutdownTimeout(worker: WorkerStart): [string, string][] {
  const { isDotnet, shutdownTimeLimitMs } = worker.hosting;
  const seconds = Math.floor((shutdownTimeLimitMs - shutdownMarginMs) / 1_000);
  if (!isDotnet || seconds < 1 || configuredValue(worker, 'ASPNETCORE_SHUTDOWNTIMEOUTSECONDS') !== null) return [];
  return [['DOTNET_SHUTDOWNTIMEOUTSECONDS', String(seconds)]];
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
