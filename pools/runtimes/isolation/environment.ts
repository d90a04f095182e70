/**
 * The environment of a worker, built from nothing: the primary's own variables (secrets of the
 * service manager, the admin's PATH) never reach a tenant. Later sources win: what every process
 * needs, then the pool's environmentVariables, then the application's, then what the runtime insists on.
 */
import { systemPath } from '../../../config/base/system-path.js';
import type { EnvironmentVariable, PoolConfig } from '../../../config/model.js';
import type { Identity } from './identity.js';

/** Language and time zone of the machine: no secrets, and programs behave oddly without them. */
const passedOn = ['LANG', 'LANGUAGE', 'LC_ALL', 'LC_CTYPE', 'TZ'] as const;

export interface PoolFolders {
  /** Persistent, private (0700): sign-in keys and caches of the pool. */
  readonly home: string;
  /** Private (0700), emptied when the server ends. */
  readonly temp: string;
  /** Persistent, private (0700): what Node keeps of compiled code. */
  readonly compileCache: string;
}

export function baseEnvironment(identity: Identity | null, folders: PoolFolders): Map<string, string> {
  const userName = identity?.userName ?? process.env['USER'] ?? process.env['LOGNAME'] ?? 'sluice';
  const variables = new Map([
    ['PATH', systemPath],
    ['HOME', folders.home],
    ['TMPDIR', folders.temp],
    ['USER', userName],
    ['LOGNAME', userName],
  ]);
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined) variables.set(name, value);
  }
  return variables;
}

export interface EnvironmentSources {
  readonly identity: Identity | null;
  readonly folders: PoolFolders;
  readonly pool: Pick<PoolConfig, 'environmentVariables'>;
  readonly application: readonly EnvironmentVariable[];
  /** Set unless the configuration has its own value. */
  readonly defaults: ReadonlyMap<string, string>;
  /** Set whatever the configuration says. */
  readonly fixed: ReadonlyMap<string, string>;
}

export function buildEnvironment(sources: EnvironmentSources): Map<string, string> {
  const variables = baseEnvironment(sources.identity, sources.folders);
  for (const [name, value] of sources.defaults) variables.set(name, value);
  for (const { name, value } of [...sources.pool.environmentVariables, ...sources.application]) {
    variables.set(name, value);
  }
  for (const [name, value] of sources.fixed) variables.set(name, value);
  return variables;
}
