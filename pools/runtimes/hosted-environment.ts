/** The variables by which a hosted program learns where it runs; the same for both hosting models. */
import type { HostingConfig } from '../../config/model.js';
import { env } from '../integration/contract.js';
import type { WorkerStart } from './runtime.js';

/** IIS 10.0 is what the module of these names was written for. */
const iisVersion = '10.0';

/** Where the application is, in the words of IIS. Nothing depends on these; programs print and log them. */
export function siteVariables(worker: WorkerStart): Map<string, string> {
  const { site, application, pool } = worker;
  const below = application.path === '/' ? '' : application.path;
  return new Map([
    [env.httpAuth, 'anonymous;'],
    [env.webSocketsSupported, String(worker.hosting.webSocket)],
    [env.physicalPath, application.physicalPath],
    [env.applPath, application.path],
    [env.iisVersion, iisVersion],
    [env.appPoolId, pool.name],
    [env.siteName, site.name],
    [env.siteId, String(site.id)],
    [env.appConfigPath, `MACHINE/WEBROOT/APPHOST/${site.name}${below}`],
    [env.applicationId, `/LM/W3SVC/${site.id}/ROOT${below}`],
    [env.applicationVirtualPath, application.path],
    [env.poolId, pool.name],
  ]);
}

/** The value that pool or application configure for a variable; the application's wins, '' counts as none. */
export function configuredValue(worker: Pick<WorkerStart, 'pool' | 'hosting'>, name: string): string | null {
  const all = [...worker.pool.environmentVariables, ...worker.hosting.environmentVariables];
  const found = all.findLast((variable) => variable.name === name);
  return found === undefined || found.value === '' ? null : found.value;
}

/** A process that stops at a breakpoint is not hung; `--inspect-port` alone opens no inspector. */
export function isInspected(hosting: Pick<HostingConfig, 'nodeOptions'>): boolean {
  return hosting.nodeOptions.some((option) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(option));
}
