/**
 * Looks at the workers every few seconds while there are any: memory limits, processes that somebody has
 * stopped, and the memory budget of the node, for which idle pools are stopped, least recently used first.
 */
import { measureIntervalMs } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import { inFlight } from '../lifecycle/worker-states.js';
import type { Measure } from '../runtimes/measure.js';
import { type PoolBook, type WorkerBook, workersOf } from './books.js';
import type { EffectRunner } from './effect-runner.js';
import type { Timers } from './timers.js';
import type { Turns } from './turns.js';

/** By main process id; sizes are only asked for with `memory`. */
export type MeasureWorkers = (pids: readonly number[], memory: boolean) => ReadonlyMap<number, Measure>;

export interface RoundsPorts {
  readonly logger: Logger;
  readonly timers: Timers;
  readonly turns: Turns;
  readonly runner: EffectRunner;
  readonly measure: MeasureWorkers;
  pools(): readonly PoolBook[];
}

export const roundsOwner = 'rounds';

export class Rounds {
  readonly #ports: RoundsPorts;
  #isSet = false;
  #budgetBytes = 0;
  #isOver = false;

  constructor(ports: RoundsPorts) {
    this.#ports = ports;
  }

  /** 0 = no budget. */
  setBudget(bytes: number): void {
    this.#budgetBytes = bytes;
  }

  /** At the end of a turn: without workers there is nothing to look at, and no timer. */
  arm(): void {
    const { runner, timers, turns } = this.#ports;
    if (this.#isSet || runner.workers.byId.size === 0) return;
    this.#isSet = true;
    timers.set(roundsOwner, 'round', measureIntervalMs, () => {
      this.#isSet = false;
      turns.post(() => this.#round());
    });
  }

  #round(): void {
    const { runner, measure } = this.#ports;
    const alive = [...runner.workers.byId.values()].filter((worker) => worker.pid > 0);
    const memory = this.#budgetBytes > 0 || alive.some(hasMemoryLimit);
    const workers = memory ? alive : alive.filter(isStopSeenHere);
    const found = measure(
      workers.map(({ pid }) => pid),
      memory,
    );
    const used = new Map<WorkerBook, number>();
    for (const worker of workers) {
      const one = found.get(worker.pid);
      if (one === undefined) continue;
      used.set(worker, one.privateBytes);
      runner.workers.feed(worker, { type: 'measured', ...one });
    }
    if (this.#budgetBytes > 0) this.#keepBudget(used);
  }

  /** What is ending already counts no more: one pool too many is not stopped for it. */
  #keepBudget(used: ReadonlyMap<WorkerBook, number>): void {
    const staying = [...used].filter(([worker]) => worker.machine.retired === null && worker.machine.killed === null);
    let left = staying.reduce((sum, [, bytes]) => sum + bytes, 0);
    const usedBytes = left;
    const budgetBytes = this.#budgetBytes;
    const bytesOf = (pool: PoolBook): number =>
      staying.reduce((sum, [worker, bytes]) => sum + (worker.host.pool === pool ? bytes : 0), 0);
    for (const pool of this.#idlePools()) {
      if (left <= budgetBytes) break;
      const bytes = bytesOf(pool);
      left -= bytes;
      this.#ports.logger.warn('memory-budget', { pool: pool.name, freedBytes: bytes, usedBytes, budgetBytes });
      for (const { host, slot, generation } of workersOf(pool)) {
        this.#ports.runner.feedHost(host, { type: 'evict', slot, generation, reason: 'memory-budget' });
      }
    }
    const isOver = left > budgetBytes;
    if (isOver && !this.#isOver) {
      const remedy = 'No idle pool is left to stop. Raise memoryBudget, or limit the pools that use most.';
      this.#ports.logger.warn('memory-budget-exceeded', { usedBytes: left, budgetBytes, remedy });
    }
    this.#isOver = isOver;
  }

  /** Least recently used first. A pool that would start its workers again at once frees nothing. */
  #idlePools(): readonly PoolBook[] {
    return this.#ports
      .pools()
      .filter((pool) => pool.config.startMode === 'OnDemand')
      .map((pool) => ({ pool, workers: workersOf(pool) }))
      .filter(({ workers }) => workers.length > 0 && workers.every(isIdle))
      .map(({ pool, workers }) => ({
        pool,
        usedMs: Math.max(...workers.map(({ machine }) => machine.health.lastUseMs)),
      }))
      .toSorted((a, b) => a.usedMs - b.usedMs)
      .map(({ pool }) => pool);
  }
}

function isIdle({ machine }: WorkerBook): boolean {
  if (machine.life === 'suspended') return true;
  return machine.life === 'running' && machine.health.reported && inFlight(machine.health) === 0;
}

/** An in-process worker that somebody has stopped misses its heartbeats. */
function isStopSeenHere({ machine: { rules } }: WorkerBook): boolean {
  return rules.model === 'OutOfProcess';
}

function hasMemoryLimit({ machine: { rules } }: WorkerBook): boolean {
  return rules.periodicMemoryBytes > 0 || rules.periodicPrivateBytes > 0;
}
