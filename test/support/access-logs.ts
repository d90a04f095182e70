import type { AccessLogTarget } from '../../config/model.js';
import { AccessLog, type AccessLogOptions, type AccessRecord, LogMemory } from '../../server/log/access-log.js';
import { ManualClock } from './manual-clock.js';

/** A log in `folder` whose one file is `access.log`. */
export function logTarget(folder: string, over: Partial<AccessLogTarget> = {}): AccessLogTarget {
  const names = { folder, prefix: 'access', suffix: '' };
  return { ...names, format: 'json', fields: [], period: 'MaxSize', localTimeRollover: false, ...over };
}

export function accessLogAt(
  folder: string,
  over: Partial<AccessLogTarget> = {},
  options: Partial<AccessLogOptions> = {},
): AccessLog {
  const target = logTarget(folder, over);
  return new AccessLog({ target, clock: new ManualClock(), memory: new LogMemory(), ...options });
}

export const sampleRecord: AccessRecord = {
  remoteAddress: '127.0.0.1',
  host: 'a',
  method: 'GET',
  target: '/',
  version: '1.1',
  site: 'main',
  pool: 'p',
  status: 200,
  subStatus: 0,
  reason: '',
  bytesIn: 0,
  bytesOut: 5,
  bytesReceived: 120,
  bytesSent: 250,
  durationMs: 1.23456,
  referer: '',
  userAgent: 'wrk',
  cookie: '',
  localAddress: '127.0.0.2',
  localPort: 8080,
  siteId: 1,
};

export const logEnded = (log: AccessLog): Promise<void> => new Promise((resolve) => log.end(resolve));
