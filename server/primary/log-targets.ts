/** Where the logs of requests are written: folders and names from the configuration. */
import { join } from 'node:path';
import type { AccessLogFormat, AccessLogTarget, CompiledConfig, SiteConfig } from '../../config/model.js';

/** A log with the size at which a file of it is full; 0 = never. */
export interface KeptLog {
  readonly target: AccessLogTarget;
  readonly truncateBytes: number;
}

/** A folder of its own: listeners write there with their own id. */
export function accessLogFolder({ server }: Pick<CompiledConfig, 'server'>): string {
  return join(server.logDir, 'access');
}

/** The folder for logs of sites that name none. */
export function siteLogsFolder({ server }: Pick<CompiledConfig, 'server'>): string {
  return join(server.logDir, 'sites');
}

/** The log of all sites; null = there is none. */
export function centralLog(config: Pick<CompiledConfig, 'server'>): AccessLogTarget | null {
  const { accessLog } = config.server;
  if (accessLog === null) return null;
  const { format, fields, period, localTimeRollover } = accessLog;
  const prefix = period === 'MaxSize' ? 'access' : 'access_';
  return { folder: accessLogFolder(config), prefix, suffix: '', format, fields, period, localTimeRollover };
}

/** IIS's: `u_ex251121.log`, and `u_extend.log` with MaxSize. JSON has names of the same kind. */
const names: Readonly<Record<AccessLogFormat, readonly [prefix: string, suffix: string]>> = {
  w3c: ['u_ex', 'tend'],
  combined: ['u_nc', 'sa'],
  json: ['u_js', 'on'],
};

/** null = nothing is written for the site; undefined = it has no log of its own. */
export function siteLog(config: Pick<CompiledConfig, 'server'>, site: SiteConfig): AccessLogTarget | null | undefined {
  const { logFile } = site;
  if (logFile === 'central') return undefined;
  if (logFile === null) return null;
  const { format, fields, period, localTimeRollover, directory } = logFile;
  const [prefix, suffix] = names[format];
  const folder = join(directory === '' ? siteLogsFolder(config) : directory, `W3SVC${site.id}`);
  return { folder, prefix, suffix, format, fields, period, localTimeRollover };
}

/** Every log that is written under this configuration. */
export function keptLogs(config: CompiledConfig): readonly KeptLog[] {
  const kept: KeptLog[] = [];
  const central = centralLog(config);
  if (central !== null) kept.push({ target: central, truncateBytes: config.server.accessLog?.truncateBytes ?? 0 });
  for (const site of config.sites) {
    const target = siteLog(config, site);
    if (target === undefined || target === null || site.logFile === 'central') continue;
    kept.push({ target, truncateBytes: site.logFile?.truncateBytes ?? 0 });
  }
  return kept;
}
