/** The names of windows_exporter's IIS collector, filled from what Sluice counts anyway. */
import { unreachable } from '../../config/base/invariant.js';
import type { PoolConfig } from '../../config/model.js';
import type { PoolState, PoolView } from '../../pools/supervisor/ports.js';
import { listenerMetrics, type MetricDefinition } from '../metrics/definitions.js';
import { MetricTotals } from '../metrics/fold.js';
import { primaryMetrics } from '../metrics/primary-definitions.js';
import { windowsMetrics as windows, windowsPoolStates, type WindowsPoolState } from '../metrics/windows-definitions.js';

export interface WindowsFacts {
  readonly startedAtMs: number;
  /** Wall clock. */
  readonly nowMs: number;
  poolConfig(name: string): PoolConfig | undefined;
}

const families = Object.values(windows);
const startFailures: ReadonlySet<string> = new Set(['start-failed', 'startup-timeout']);
const pingFailures: ReadonlySet<string> = new Set(['ping-timeout', 'hang', 'health-check']);
const crashes: ReadonlySet<string> = new Set([
  ...pingFailures,
  'exit',
  'signal',
  'memory-limit',
  'cpu-limit',
  'bad-control-message',
]);
/** The others are `other`, as there. */
const knownMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

export class WindowsMetrics {
  readonly totals = new MetricTotals(families);
  /** Pool -> wall clock of the first scrape that saw it started. */
  readonly #startedMs = new Map<string, number>();
  readonly #workersMax = new Map<string, number>();

  /** Fills all of them from the present state. */
  fill(own: MetricTotals, pools: readonly PoolView[], facts: WindowsFacts): void {
    const { totals } = this;
    totals.refill(families);
    const counts = new PoolCounts(own);
    this.#forgetAllBut(new Set(pools.map(({ name }) => name)));
    for (const pool of pools) {
      this.#fillState(pool, facts);
      this.#fillFailures(pool, facts);
      counts.fill(totals, pool.name);
      for (const { pid, inFlight, requestsTotal } of pool.workers) {
        if (pid <= 0) continue;
        totals.set(windows.workerRequests, [pool.name, String(pid)], requestsTotal);
        totals.set(windows.workerCurrent, [pool.name, String(pid)], inFlight);
      }
    }
    this.#fillSites(own, facts);
    totals.refilled(families);
  }

  /** Pools that are gone. */
  #forgetAllBut(pools: ReadonlySet<string>): void {
    for (const known of [this.#startedMs, this.#workersMax]) {
      for (const name of known.keys()) if (!pools.has(name)) known.delete(name);
    }
  }

  #fillState(pool: PoolView, { startedAtMs, nowMs }: WindowsFacts): void {
    const { totals } = this;
    const state = stateOf(pool.state);
    for (const one of windowsPoolStates) totals.set(windows.poolState, [pool.name, one], one === state ? 1 : 0);
    if (state !== 'Running') this.#startedMs.delete(pool.name);
    else if (!this.#startedMs.has(pool.name)) this.#startedMs.set(pool.name, pool.restarts === 0 ? startedAtMs : nowMs);
    const started = this.#startedMs.get(pool.name);
    if (started !== undefined) totals.set(windows.poolStartTime, [pool.name], Math.round(started / 1_000));
    const count = pool.workers.filter(({ pid }) => pid > 0).length;
    const most = Math.max(count, this.#workersMax.get(pool.name) ?? 0);
    this.#workersMax.set(pool.name, most);
    totals.set(windows.workers, [pool.name], count);
    totals.set(windows.workersMax, [pool.name], most);
    totals.set(windows.serverStartTime, [pool.name], Math.round(startedAtMs / 1_000));
  }

  #fillFailures(pool: PoolView, facts: WindowsFacts): void {
    const { nowMs } = facts;
    const failed = pool.obituaries.filter(({ cause }) => cause === '');
    const intervalMs = facts.poolConfig(pool.name)?.failure.rapidFailProtectionIntervalMs ?? 0;
    const recent = failed.filter(({ atMs }) => nowMs - atMs <= intervalMs).length;
    const last = failed.at(-1);
    this.totals.set(windows.recentFailures, [pool.name], recent);
    const since = last === undefined ? 0 : Math.max(0, Math.round((nowMs - last.atMs) / 1_000));
    this.totals.set(windows.sinceFailure, [pool.name], since);
  }

  #fillSites(own: MetricTotals, { startedAtMs, nowMs }: WindowsFacts): void {
    const { totals } = this;
    const requests = new Sums();
    for (const [[site = '', , method = ''], value] of own.values(listenerMetrics.httpRequests)) {
      requests.add(`${site}\0${knownMethods.has(method) ? method : 'other'}`, value);
    }
    for (const [key, value] of requests.all) totals.set(windows.requests, key.split('\0'), value);
    const uptime = Math.max(0, Math.round((nowMs - startedAtMs) / 1_000));
    for (const site of new Set([...requests.all.keys()].map((key) => key.split('\0')[0] ?? ''))) {
      totals.set(windows.uptime, [site], uptime);
    }
    const bytes: readonly [MetricDefinition, MetricDefinition][] = [
      [listenerMetrics.httpRequestBytes, windows.received],
      [listenerMetrics.httpResponseBytes, windows.sent],
    ];
    for (const [from, to] of bytes) {
      const sums = new Sums();
      for (const [[site = ''], value] of own.values(from)) sums.add(site, value);
      for (const [site, value] of sums.all) totals.set(to, [site], value);
    }
  }
}

/** What the other metrics count of pools, one pass over each. */
class PoolCounts {
  readonly #sums = new Map<MetricDefinition, Sums>();

  constructor(own: MetricTotals) {
    for (const [[pool = '', reason = ''], value] of own.values(primaryMetrics.workerExits)) {
      if (startFailures.has(reason)) this.#add([windows.startupFailures, windows.created], pool, value);
      if (crashes.has(reason)) this.#add([windows.failures], pool, value);
      if (pingFailures.has(reason)) this.#add([windows.pingFailures], pool, value);
      if (reason === 'shutdown-timeout') this.#add([windows.shutdownFailures], pool, value);
    }
    const sources: readonly [MetricDefinition, MetricDefinition][] = [
      [primaryMetrics.workerStarts, windows.created],
      [primaryMetrics.poolRecycles, windows.recycles],
      [listenerMetrics.queueRejected, windows.queueRejected],
      [listenerMetrics.queueLength, windows.queueSize],
    ];
    for (const [from, to] of sources) {
      for (const [[pool = ''], value] of own.values(from)) this.#add([to], pool, value);
    }
    for (const [[, pool = ''], value] of own.values(listenerMetrics.httpRequests)) {
      this.#add([windows.arrivals], pool, value);
    }
  }

  /** 0 where nothing was counted. */
  fill(totals: MetricTotals, pool: string): void {
    const counted = [windows.recycles, windows.created, windows.failures, windows.pingFailures];
    const others = [windows.shutdownFailures, windows.startupFailures];
    const queue = [windows.queueSize, windows.queueRejected, windows.arrivals];
    for (const one of [...counted, ...others, ...queue]) {
      totals.set(one, [pool], this.#sums.get(one)?.all.get(pool) ?? 0);
    }
  }

  #add(definitions: readonly MetricDefinition[], pool: string, value: number): void {
    for (const definition of definitions) {
      let sums = this.#sums.get(definition);
      if (sums === undefined) this.#sums.set(definition, (sums = new Sums()));
      sums.add(pool, value);
    }
  }
}

class Sums {
  readonly all = new Map<string, number>();

  add(key: string, value: number): void {
    this.all.set(key, (this.all.get(key) ?? 0) + value);
  }
}

function stateOf(state: PoolState): WindowsPoolState {
  switch (state) {
    case 'Starting':
      return 'Initialized';
    case 'Started':
      return 'Running';
    case 'Stopping':
      return 'Shutdown Pending';
    case 'Stopped':
      return 'Disabled';
    default:
      return unreachable(state);
  }
}
