/** The logs of requests, with the defaults that depend on other settings. */
import { accessLogFileBytesMax } from '../base/limits.js';
import { siteLogFileBytesMax } from '../base/log-limits.js';
import type { AccessLogConfig, SiteLogConfig } from '../log-model.js';
import type { ServerSettings, SiteSettings } from '../schema/root.js';

/** null = no log for all sites. */
export function compileAccessLog({ accessLog }: ServerSettings): AccessLogConfig | null {
  const { format, logExtFileFlags, period, truncateSize, localTimeRollover } = accessLog;
  if (format === 'none') return null;
  const truncateBytes = truncateSize ?? accessLogFileBytesMax;
  return { format, fields: logExtFileFlags, period, truncateBytes, localTimeRollover };
}

const formats = { W3C: 'w3c', NCSA: 'combined', JSON: 'json' } as const;

/** 'central': the site has none of its own. null: nothing is written for it. */
export function compileSiteLog({ logFile }: SiteSettings): SiteLogConfig | 'central' | null {
  if (logFile === undefined) return 'central';
  if (!logFile.enabled) return null;
  const { logFormat, logExtFileFlags, directory = '', period, truncateSize, localTimeRollover } = logFile;
  const truncateBytes = truncateSize ?? (period === 'MaxSize' ? siteLogFileBytesMax : 0);
  return { format: formats[logFormat], fields: logExtFileFlags, directory, period, truncateBytes, localTimeRollover };
}
