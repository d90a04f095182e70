import type { EnvironmentVariable } from '../../config/model.js';

/** The first of them that is set decides; the runtimes of .NET and Node read them in this order. */
const environmentNames = ['ASPNETCORE_ENVIRONMENT', 'DOTNET_ENVIRONMENT', 'NODE_ENV'] as const;

/**
 * Whether pages may show what went wrong: ASPNETCORE_DETAILEDERRORS is 1 or true, or the environment is
 * Development. Only what the configuration gives the application counts, never the server's own environment.
 */
export function isDevelopment(variables: readonly EnvironmentVariable[]): boolean {
  const valueOf = (name: string): string =>
    (variables.findLast((one) => one.name === name)?.value ?? '').trim().toLowerCase();
  if (['1', 'true'].includes(valueOf('ASPNETCORE_DETAILEDERRORS'))) return true;
  const environment = environmentNames.map(valueOf).find((value) => value !== '');
  return environment === 'development';
}
