/** The logs of requests as the configuration has them. */

/** IIS `logFormat`; JSON is ours. */
export type AccessLogFormat = 'json' | 'combined' | 'w3c';

/** When a log goes on in another file (IIS `logFile@period`). */
export type LogPeriod = 'Hourly' | 'Daily' | 'Weekly' | 'Monthly' | 'MaxSize';

/** IIS `logExtFileFlags`, in the order in which IIS writes the columns. */
export const w3cFields = [
  'Date',
  'Time',
  'SiteName',
  'ComputerName',
  'ServerIP',
  'Method',
  'UriStem',
  'UriQuery',
  'ServerPort',
  'UserName',
  'ClientIP',
  'ProtocolVersion',
  'UserAgent',
  'Cookie',
  'Referer',
  'Host',
  'HttpStatus',
  'HttpSubStatus',
  'Win32Status',
  'BytesSent',
  'BytesRecv',
  'TimeTaken',
] as const;
export type W3cField = (typeof w3cFields)[number];

/** One log of requests. */
export interface AccessLogConfig {
  readonly format: AccessLogFormat;
  /** Columns of format w3c. */
  readonly fields: readonly W3cField[];
  readonly period: LogPeriod;
  /** Size at which a file is closed and renamed; 0 = only the period ends it. */
  readonly truncateBytes: number;
  /** Periods begin by this machine's clock instead of UTC. */
  readonly localTimeRollover: boolean;
}

/** The log of a site (IIS `logFile`). */
export interface SiteLogConfig extends AccessLogConfig {
  /** Absolute; '' = the folder for the logs of sites. The files are in `W3SVC<id>` below it. */
  readonly directory: string;
}

/** A log as a listener writes it. */
export interface AccessLogTarget extends Omit<AccessLogConfig, 'truncateBytes'> {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** `access` or the beginning of IIS's names, `u_ex` and the like. */
  readonly prefix: string;
  /** What IIS puts between the prefix and `.log` where no period does: `tend`, or ''. */
  readonly suffix: string;
}
