/** What the admin API shows of logs. Text in lines comes from tenants and clients. */

export const logSources = ['server', 'access', 'output'] as const;
export type LogSource = (typeof logSources)[number];

export interface LogQuery {
  readonly source: LogSource;
  /** '' = any; with output it has to be named. */
  readonly pool: string;
  /** Of an access log; '' = the one of all sites. */
  readonly site: string;
  /** Of output; 0 = every worker of the pool. */
  readonly workerId: number;
  /** How many of the last lines, before what is new. */
  readonly lines: number;
  /** A position that a follower was told of: instead of the last lines what was added behind it. '' = none. */
  readonly since: string;
}

export interface LogLine {
  readonly source: LogSource;
  readonly pool?: string;
  readonly application?: string;
  readonly workerId?: number;
  readonly pid?: number;
  readonly text: string;
}

export interface LogFollower {
  line(line: LogLine): void;
  /** So many bytes came too fast to be shown. */
  skipped(bytes: number): void;
  /** Behind the lines so far. */
  position(position: string): void;
}

export interface OpenedLog {
  /** Before everything that the follower gets. */
  readonly last: readonly LogLine[];
  /** Behind these, and what came since. */
  readonly position: () => string;
  /** To be called in any case. */
  readonly close: () => void;
}

export interface LogReader {
  /** Throws a SluiceError when there is no such log. */
  open(query: LogQuery, follower: LogFollower): Promise<OpenedLog>;
}
