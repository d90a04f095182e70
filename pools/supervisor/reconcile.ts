/** Brings the pools and applications in the books to what a new configuration asks for. */
import { differing } from '../../config/change/patch.js';
import type { ApplicationConfig, CompiledConfig, PoolConfig, SiteConfig } from '../../config/model.js';
import { newApplication } from '../lifecycle/application-states.js';
import { isOpen, newPool } from '../lifecycle/pool-states.js';
import type { HostBook, PoolBook } from './books.js';
import type { EffectRunner } from './effect-runner.js';
import { Obituaries } from './obituaries.js';
import type { StandingOrders } from './ports.js';
import { Receipts } from './receipts.js';
import { applicationRules, isSame, poolRules, reloadReason } from './rules.js';
import type { Schedules } from './schedule.js';
import { noSpare } from './spare-hosts.js';
import { beginsStarted, nothingOrdered } from './standing-orders.js';

export interface Estate {
  /** Configured pools by name. */
  readonly pools: Map<string, PoolBook>;
  /** Removed pools whose processes are not gone yet. */
  readonly departing: Set<PoolBook>;
  /** Configured applications by id; listeners know exactly these. */
  readonly hosts: Map<string, HostBook>;
  readonly runner: EffectRunner;
  /** Sends an application's upstreams at the end of the turn. */
  publish(applicationId: string): void;
  readonly schedules: Schedules;
  forget(host: HostBook): void;
  /** Ids of applications that an administrator took offline, configured or not. */
  readonly offline: Set<string>;
  /** Holds for the pools of the first configuration. */
  inherited: StandingOrders;
  /** The configuration that was reconciled last. */
  config: CompiledConfig | null;
  /** Numbers pools and hosts, for keys of their own. */
  created: number;
}

interface Change {
  readonly pool: PoolBook;
  readonly before: PoolConfig;
  readonly application: ApplicationConfig;
  readonly site: SiteConfig;
}

/** Looks only at what differs from the configuration before: the rest is the same object, or at its place unmoved. */
export function reconcile(estate: Estate, config: CompiledConfig): void {
  const before = estate.config;
  estate.config = config;
  const pools = differing(before?.pools ?? [], config.pools);
  const applications = differing(before?.applications ?? [], config.applications);
  const previous = new Map(pools.before.map((pool) => [pool.name, pool]));
  const created = pools.after.filter((pool) => !estate.pools.has(pool.name)).map((pool) => addPool(estate, pool));
  for (const wanted of pools.after) changePool(estate, wanted);
  // Applications leave before others come: one that moves to another pool is published by its new one.
  const wanted = new Map(applications.after.map((application) => [application.id, application]));
  for (const { id } of applications.before) {
    const host = estate.hosts.get(id);
    if (host !== undefined && wanted.get(id)?.pool !== host.pool.name) removeHost(estate, host);
  }
  const sites = new Map(config.sites.map((site) => [site.name, site]));
  for (const application of concerned(before, config)) {
    const pool = estate.pools.get(application.pool);
    const site = sites.get(application.site);
    if (pool === undefined || site === undefined) continue;
    placeHost(estate, { pool, before: previous.get(pool.name) ?? pool.config, application, site });
  }
  const names = new Set(pools.after.map((pool) => pool.name));
  for (const { name } of pools.before) {
    const pool = estate.pools.get(name);
    if (pool !== undefined && !names.has(name)) removePool(estate, pool);
  }
  const { inherited } = estate;
  estate.inherited = nothingOrdered;
  for (const pool of created) {
    if (beginsStarted(inherited, pool.name, pool.config.autoStart)) estate.runner.feedPool(pool, { type: 'start' });
  }
}

/** Applications that differ themselves, and those of pools and sites that do. */
function concerned(before: CompiledConfig | null, config: CompiledConfig): readonly ApplicationConfig[] {
  if (before === null) return config.applications;
  const own = new Set(differing(before.applications, config.applications).after);
  const pools = new Set(differing(before.pools, config.pools).after.map(({ name }) => name));
  const sites = new Set(differing(before.sites, config.sites).after.map(({ name }) => name));
  return config.applications.filter((one) => own.has(one) || pools.has(one.pool) || sites.has(one.site));
}

function addPool(estate: Estate, config: PoolConfig): PoolBook {
  estate.created += 1;
  const pool: PoolBook = {
    name: config.name,
    key: `pool:${estate.created}`,
    config,
    machine: newPool(poolRules(config)),
    hosts: new Set(),
    obituaries: new Obituaries(),
    receipts: new Receipts(),
    restarts: 0,
    orphans: [],
    removed: false,
    whenStopped: [],
  };
  estate.pools.set(config.name, pool);
  estate.schedules.arm(pool);
  return pool;
}

function changePool(estate: Estate, config: PoolConfig): void {
  const pool = estate.pools.get(config.name);
  if (pool === undefined || isSame(pool.config, config)) return;
  pool.config = config;
  estate.schedules.arm(pool);
  estate.runner.feedPool(pool, { type: 'configure', rules: poolRules(config) });
}

function placeHost(estate: Estate, change: Change): void {
  const { pool, before, application, site } = change;
  const host = estate.hosts.get(application.id);
  if (host === undefined) {
    addHost(estate, change);
    return;
  }
  const old = { pool: before, application: host.config, site: host.site };
  const next = { pool: pool.config, application, site };
  if (isSame(old.pool, next.pool) && isSame(old.site, next.site) && isSame(old.application, next.application)) return;
  const previous = host.config;
  host.config = application;
  host.site = site;
  const stays =
    pool.config.recycling.disallowRotationOnConfigChange ||
    application.hosting?.handlerSettings.disallowRotationOnConfigChange === true;
  const restart = reloadReason(old, next, stays);
  if (restart !== null && host.workers.size > 0) estate.runner.noteRecycle(host, restart);
  // What needs no new process holds for those that run.
  if (application.hosting?.hostingModel === previous.hosting?.hostingModel) estate.runner.reconfigure(host);
  estate.runner.feedHost(host, { type: 'configure', rules: applicationRules(pool.config, application), restart });
}

function addHost(estate: Estate, { pool, application, site }: Change): void {
  const rules = applicationRules(pool.config, application);
  estate.created += 1;
  const host: HostBook = {
    id: application.id,
    key: `application:${estate.created}`,
    pool,
    config: application,
    site,
    machine: newApplication(rules, pool.machine.cause),
    workers: new Map(),
    lastFailure: null,
    problem: application.failure === null ? '' : application.failure.diagnostic.message,
    spare: noSpare(),
    settledOnce: false,
    removed: false,
  };
  pool.hosts.add(host);
  estate.hosts.set(host.id, host);
  estate.publish(host.id);
  if (estate.offline.has(host.id)) estate.runner.feedHost(host, { type: 'offline' });
  else openHost(estate, host);
}

/** As far as its pool is open. */
export function openHost(estate: Pick<Estate, 'runner'>, host: HostBook): void {
  const { life } = host.pool.machine;
  const slots = life === 'probing' ? 1 : Number.MAX_SAFE_INTEGER;
  if (isOpen(life)) estate.runner.feedHost(host, { type: 'open', slots });
  else if (life === 'probeDue') estate.runner.feedHost(host, { type: 'invite' });
}

/** Its workers finish what they have; the application itself is unknown from now on. */
function removeHost(estate: Estate, host: HostBook): void {
  estate.hosts.delete(host.id);
  host.removed = true;
  const limitMs = host.pool.config.processModel.shutdownTimeLimitMs;
  const close = { type: 'close', cause: 'AppShutdown', reason: 'config-change', limitMs, retryAtMs: 0 } as const;
  estate.runner.feedHost(host, close);
  estate.publish(host.id);
  if (host.workers.size === 0) estate.forget(host);
}

function removePool(estate: Estate, pool: PoolBook): void {
  estate.pools.delete(pool.name);
  estate.departing.add(pool);
  pool.removed = true;
  estate.schedules.disarm(pool);
  estate.runner.feedPool(pool, { type: 'stop' });
  for (const host of pool.hosts) if (host.workers.size === 0) estate.forget(host);
  if (pool.hosts.size === 0) estate.departing.delete(pool);
}
