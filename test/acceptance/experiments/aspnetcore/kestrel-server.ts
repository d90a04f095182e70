/** The apps behind the checks of what Kestrel really does under the module's protocol, one pool each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostedApp } from '../../../support/aspnetcore/app-client.js';
import { copyOf, published } from '../../../support/aspnetcore/published.js';
import type { Settings, SluiceOptions } from '../../../support/sluice.js';

/** The application at /NAME in the pool NAME. */
export function at(name: string): HostedApp {
  return { host: 'kestrel.test', base: `/${name}`, pool: name };
}

/** Kinds whose own address wins over the module's port: they never listen where they should. */
export const ownAddress = ['run-url', 'urls-add', 'use-urls', 'prefer-code'] as const;
/** Kinds whose own address loses, silently. */
export const addressLoses = ['classic-use-urls', 'code-endpoints'] as const;

/** `dotnet Probe.dll KIND` with further settings of `hosting`. */
function probe(kind: string, more: Settings = {}): Settings {
  return { processPath: 'dotnet', arguments: `Probe.dll ${kind}`, ...more };
}

interface Place {
  readonly name: string;
  readonly physicalPath: string;
  readonly settings?: Settings;
  readonly pool?: Settings;
}

const largeBodies = { security: { requestFiltering: { requestLimits: { maxAllowedContentLength: 40_000_000 } } } };
const startupTimeLimit = 20;
const urlOfPort = 'http://127.0.0.1:%ASPNETCORE_PORT%';
const development = { ASPNETCORE_ENVIRONMENT: 'Development' };
const startup = 'Microsoft.AspNetCore.Server.IISIntegration';

async function changed(folder: string, name: string, file: string, change: (text: string) => string): Promise<string> {
  const copy = await copyOf('web', join(folder, name));
  writeFileSync(join(copy, file), change(readFileSync(join(copy, file), 'utf8')));
  return copy;
}

function withClearedLimit(runtimeConfig: string): string {
  const config = JSON.parse(runtimeConfig) as { runtimeOptions: { configProperties: Record<string, unknown> } };
  config.runtimeOptions.configProperties['Microsoft.AspNetCore.Server.IISIntegration.ClearMaxRequestBodySize'] = true;
  return JSON.stringify(config);
}

/** As `dotnet publish -r win-x64 --no-self-contained` writes it. */
function asForWindows(webConfig: string): string {
  return webConfig.replace('processPath="dotnet" arguments=".\\Web.dll"', 'processPath=".\\Web.exe"');
}

async function places(folder: string): Promise<Place[]> {
  const web = await published('web');
  const physicalPath = await published('probe');
  const hosted = (name: string, hosting: Settings, pool?: Settings): Place => ({
    name,
    physicalPath,
    settings: { hosting },
    ...(pool === undefined ? {} : { pool }),
  });
  const variables = (environmentVariables: Settings): Settings => ({ environmentVariables });
  return [
    { name: 'web', physicalPath: web, settings: largeBodies },
    {
      name: 'cleared',
      physicalPath: await changed(folder, 'cleared', 'Web.runtimeconfig.json', withClearedLimit),
      settings: largeBodies,
    },
    {
      name: 'allowed',
      physicalPath: await changed(folder, 'allowed', 'appsettings.json', () => '{ "AllowedHosts": "shop.example" }'),
    },
    { name: 'windows', physicalPath: await changed(folder, 'windows', 'web.config', asForWindows) },
    {
      name: 'future',
      physicalPath: await changed(folder, 'future', 'Web.runtimeconfig.json', (text) =>
        text.replaceAll(/"version": "[^"]+"/g, '"version": "99.0.0"'),
      ),
    },
    { name: 'example', physicalPath: await published('example') },
    hosted('hub', probe('hub')),
    ...ownAddress.map((kind) => hosted(kind, probe(kind, { startupTimeLimit }))),
    ...addressLoses.map((kind) => hosted(kind, probe(kind))),
    hosted('startup-throws', probe('startup-throws')),
    hosted('throws', probe('throws')),
    hosted('throws-openly', probe('throws', variables(development))),
    hosted('slim', probe('slim', variables({ ASPNETCORE_URLS: urlOfPort }))),
    hosted('empty', probe(`empty --urls ${urlOfPort}`)),
    hosted('bare', probe('bare')),
    hosted(
      'bare-list',
      probe('bare', variables({ ASPNETCORE_HOSTINGSTARTUPASSEMBLIES: `;Missing.Assembly;${startup};${startup}` })),
    ),
    hosted('port-word', probe('hub', variables({ ASPNETCORE_PORT: 'abc' }))),
    hosted('port-high', probe('hub', variables({ ASPNETCORE_PORT: '70000' }))),
    hosted('http2', probe('hub', { protocol: 'h2c', ...variables({ Kestrel__EndpointDefaults__Protocols: 'Http2' }) })),
    hosted('stop-dotnet', probe('hub', variables({ DOTNET_SHUTDOWNTIMEOUTSECONDS: '1' }))),
    hosted('stop-aspnetcore', probe('hub', variables({ ASPNETCORE_SHUTDOWNTIMEOUTSECONDS: '1' }))),
    // In kB: far below what such a process maps, far above what it uses.
    hosted('memory', probe('hub'), { recycling: { periodicRestart: { memory: 2_000_000 } } }),
  ];
}

export async function kestrelServer(folder: string): Promise<SluiceOptions> {
  const all = await places(folder);
  return {
    applicationPools: all.map(({ name, pool }) => ({ name, ...pool })),
    applications: all.map(({ name, physicalPath, settings }) => ({
      path: `/${name}`,
      applicationPool: name,
      physicalPath,
      ...settings,
    })),
  };
}
