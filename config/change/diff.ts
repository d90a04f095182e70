/** What a new configuration means for what is running. Pure: two compiled configurations in, names out. */
import type { ApplicationConfig, CompiledConfig, PoolConfig, ServerConfig } from '../model.js';

export interface PoolChange {
  readonly pool: string;
  /**
   * `recycle`: workers must be replaced to take up the change. `live`: only numbers that are read where
   * they are used. `unchanged` pools are not listed.
   */
  readonly change: 'added' | 'removed' | 'recycle' | 'live';
}

export interface ConfigDiff {
  readonly pools: readonly PoolChange[];
  /** Bindings, limits, paths or applications changed: listeners need a new route table. */
  readonly routes: boolean;
  /** Server settings that keep their old value until the next start. */
  readonly restart: readonly (keyof ServerConfig)[];
}

/** Settings of a pool that a running worker was started with. */
const workerFields = ['isolation', 'nodePath', 'environmentVariables'] as const satisfies readonly (keyof PoolConfig)[];
const workerProcessFields = [
  'maxProcesses',
  'userName',
] as const satisfies readonly (keyof PoolConfig['processModel'])[];
const restartFields = [
  'listeners',
  'runDir',
  'stateDir',
  'logDir',
  'admin',
  'identityRange',
] as const satisfies readonly (keyof ServerConfig)[];

export function diffConfig(before: CompiledConfig, after: CompiledConfig): ConfigDiff {
  const pools: PoolChange[] = [];
  const old = new Map(before.pools.map((pool) => [pool.name, pool]));
  const ran = workloads(before);
  const runs = workloads(after);
  for (const pool of after.pools) {
    const previous = old.get(pool.name);
    old.delete(pool.name);
    const change = previous === undefined ? 'added' : poolChange(previous, pool, ran, runs);
    if (change !== null) pools.push({ pool: pool.name, change });
  }
  for (const name of old.keys()) pools.push({ pool: name, change: 'removed' });
  return {
    pools,
    routes: !same([before.sites, before.applications, before.server], [after.sites, after.applications, after.server]),
    restart: restartSettings(before, after),
  };
}

/** Names of sites, or ids of applications. */
export interface NamesChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What a change does, for people: also what listeners take up without a word. */
export interface ChangePlan extends ConfigDiff {
  readonly sites: NamesChange;
  readonly applications: NamesChange;
}

export function planOf(before: CompiledConfig, after: CompiledConfig): ChangePlan {
  return {
    ...diffConfig(before, after),
    sites: namesChange(before.sites, after.sites, ({ name }) => name),
    applications: namesChange(before.applications, after.applications, ({ id }) => id),
  };
}

function namesChange<T>(before: readonly T[], after: readonly T[], nameOf: (one: T) => string): NamesChange {
  const old = new Map(before.map((one) => [nameOf(one), one]));
  const added: string[] = [];
  const changed: string[] = [];
  for (const one of after) {
    const was = old.get(nameOf(one));
    if (was === undefined) added.push(nameOf(one));
    else if (was !== one && !same(was, one)) changed.push(nameOf(one));
    old.delete(nameOf(one));
  }
  return { added, removed: [...old.keys()], changed };
}

export function restartSettings(before: CompiledConfig, after: CompiledConfig): readonly (keyof ServerConfig)[] {
  return restartFields.filter((field) => !same(fixedPart(field, before.server), fixedPart(field, after.server)));
}

/** Who may use the admin API is asked with every request. */
function fixedPart(field: (typeof restartFields)[number], server: ServerConfig): unknown {
  if (field !== 'admin') return server[field];
  const { listen, socket, tls } = server.admin;
  return [listen, socket, tls];
}

function poolChange(
  before: PoolConfig,
  after: PoolConfig,
  ran: Workloads,
  runs: Workloads,
): PoolChange['change'] | null {
  if (!same(workload(ran, before.name), workload(runs, after.name))) return 'recycle';
  if (same(before, after)) return null;
  const started = (pool: PoolConfig): unknown => [
    workerFields.map((field) => pool[field]),
    workerProcessFields.map((field) => pool.processModel[field]),
  ];
  if (same(started(before), started(after))) return 'live';
  return after.recycling.disallowRotationOnConfigChange ? 'live' : 'recycle';
}

type Workloads = ReadonlyMap<string, readonly ApplicationConfig[]>;

/** Applications by pool. */
function workloads({ applications }: CompiledConfig): Workloads {
  const found = new Map<string, ApplicationConfig[]>();
  for (const application of applications) {
    const known = found.get(application.pool);
    if (known === undefined) found.set(application.pool, [application]);
    else known.push(application);
  }
  return found;
}

/** What the workers of a pool run; body limits belong to the listeners. */
function workload(all: Workloads, pool: string): unknown {
  const running = ({ id, physicalPath, hosting, failure }: ApplicationConfig): unknown => [
    id,
    physicalPath,
    hosting,
    failure === null ? null : [failure.status, failure.subStatus],
  ];
  return (all.get(pool) ?? []).map(running);
}

/** Compiled configurations are plain data in a fixed order of keys. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
