/** The logs of requests: one for all sites, and those of single sites. */
import { z } from 'zod';
import { w3cFields } from '../log-model.js';
import { setting } from './annotations.js';
import { flags, size, text } from './values.js';

const iisFlags =
  'Date, Time, ClientIP, UserName, ServerIP, Method, UriStem, UriQuery, TimeTaken, HttpStatus, Win32Status, ServerPort, UserAgent, HttpSubStatus, Referer';

const truncateSize = size()
  .refine((bytes) => bytes >= 1_048_576, { error: 'at least 1048576 (1 MiB), as in IIS' })
  .optional();

const columns = setting(flags(w3cFields).prefault(iisFlags), {
  description: `Columns of the format w3c: ${w3cFields.join(', ')}. They are written in IIS’s order.`,
  reload: 'live',
});

const localTimeRollover = setting(z.boolean().prefault(false), {
  description: 'Periods begin by the clock of this machine instead of UTC. Times in records stay UTC.',
  reload: 'live',
});

export const accessLog = z.strictObject({
  format: setting(z.enum(['json', 'combined', 'w3c', 'none']).prefault('json'), {
    description:
      'json: one object per line, with sub-status and reason. combined: NCSA combined, as Apache and nginx write it. w3c: W3C extended, as IIS writes it. none: no log, except of sites with a `logFile`.',
    reload: 'live',
  }),
  logExtFileFlags: columns,
  period: setting(z.enum(['Hourly', 'Daily', 'Weekly', 'Monthly', 'MaxSize']).prefault('MaxSize'), {
    description:
      'When a new file begins: `access_251121.log` for a day; with MaxSize `access.log` goes on until it is full.',
    reload: 'live',
  }),
  truncateSize: setting(truncateSize, {
    description: 'Size at which a file is renamed (`.1`, `.2` ... the highest is the newest). Default: 100 MiB.',
    unit: 'bytes',
    reload: 'live',
  }),
  localTimeRollover,
});

/** IIS `site/logFile`. */
export const logFile = z.strictObject({
  enabled: setting(z.boolean().prefault(true), { description: 'false: no log of this site at all.', reload: 'live' }),
  logFormat: setting(z.enum(['W3C', 'NCSA', 'JSON']).prefault('W3C'), {
    description: 'W3C extended as IIS writes it, NCSA combined, or JSON.',
    reload: 'live',
  }),
  logExtFileFlags: columns,
  directory: setting(
    text()
      .refine((path) => path.startsWith('/'), { error: 'an absolute path' })
      .optional(),
    {
      description: 'Files are written to W3SVC<id> in this folder. Default: `sites` in logDir.',
      reload: 'live',
    },
  ),
  period: setting(z.enum(['Hourly', 'Daily', 'Weekly', 'Monthly', 'MaxSize']).prefault('Daily'), {
    description:
      'When a new file begins: `u_ex251121.log` for a day; with MaxSize `u_extend.log` goes on until it is full.',
    reload: 'live',
  }),
  truncateSize: setting(truncateSize, {
    description:
      'Size at which a file is renamed (`.1`, `.2` ... the highest is the newest). Default: 20 MiB with MaxSize, else only the period ends a file.',
    unit: 'bytes',
    reload: 'live',
  }),
  localTimeRollover,
});

export const logBudget = setting(size().prefault('4GB'), {
  description:
    'What all logs of this server together may occupy: access logs, output of workers, server log, traces. Beyond it closed files are removed, the oldest first; a file that is written to never is. 0 = no limit.',
  unit: 'bytes',
  reload: 'live',
});
