/**
 * Limits that the kernel does not hold by itself: `cpu.action` NoAction and KillW3wp, which look at a whole
 * `resetInterval`, and `resources.memoryMax` where there is no memory controller. Usage is compared once a second,
 * and only while a pool with such a limit has workers.
 */
import { availableParallelism } from 'node:os';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { limitWatchIntervalMs } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import type { PoolConfig } from '../../config/model.js';
import type { Cgroups } from './cgroups/cgroups.js';
import { readFamily, readUsageOf } from './proc.js';

/** What ended a worker that used too much. */
export type LimitKind = 'memory' | 'cpu';

export interface LimitedWorker {
  readonly pid: number;
  killFor(limit: LimitKind): void;
}

interface CpuWindow {
  startedAtMs: number;
  usedAtStartUs: number;
  /** Said once in a window. */
  told: boolean;
}

interface PoolBook {
  config: PoolConfig;
  readonly workers: Set<LimitedWorker>;
  window: CpuWindow | null;
  /** CPU time of workers that are gone, where only living processes can be asked. */
  gone: Map<number, number>;
}

export class LimitWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #cgroups: Cgroups;
  readonly #pools = new Map<string, PoolBook>();
  #cancel: CancelTimer | null = null;

  constructor(clock: Clock, logger: Logger, cgroups: Cgroups) {
    this.#clock = clock;
    this.#logger = logger;
    this.#cgroups = cgroups;
  }

  add(pool: PoolConfig, worker: LimitedWorker): void {
    const book = this.#pools.get(pool.name) ?? { config: pool, workers: new Set(), window: null, gone: new Map() };
    this.#pools.set(pool.name, book);
    book.config = pool;
    book.workers.add(worker);
    this.#schedule();
  }

  remove(pool: string, worker: LimitedWorker): void {
    this.#pools.get(pool)?.workers.delete(worker);
  }

  configure(pools: readonly PoolConfig[]): void {
    const byName = new Map(pools.map((pool) => [pool.name, pool]));
    for (const [name, book] of this.#pools) {
      const config = byName.get(name);
      if (config !== undefined) book.config = config;
      else if (book.workers.size === 0) this.#pools.delete(name);
    }
    this.#schedule();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#pools.clear();
  }

  #schedule(): void {
    if (this.#cancel !== null) return;
    if (![...this.#pools.values()].some((book) => book.workers.size > 0 && this.#isWatched(book.config))) return;
    const look = (): void => {
      this.#cancel = null;
      for (const book of this.#pools.values()) this.#look(book);
      this.#schedule();
    };
    this.#cancel = this.#clock.setTimer(limitWatchIntervalMs, look, true);
  }

  #isWatched(pool: PoolConfig): boolean {
    return hasCpuWindow(pool) || (pool.resources.memoryMaxBytes !== null && !this.#cgroups.limits('memory'));
  }

  #look(book: PoolBook): void {
    if (book.workers.size === 0 || !this.#isWatched(book.config)) return;
    if (hasCpuWindow(book.config)) this.#lookAtCpu(book);
    const { memoryMaxBytes } = book.config.resources;
    if (memoryMaxBytes !== null && !this.#cgroups.limits('memory')) lookAtMemory(book, memoryMaxBytes);
  }

  #lookAtCpu(book: PoolBook): void {
    const { cpu, name } = book.config;
    const nowMs = this.#clock.monotonicMs();
    const usedUs = this.#cpuUsedUs(book);
    book.window ??= { startedAtMs: nowMs, usedAtStartUs: usedUs, told: false };
    const allowedUs = (cpu.limit / 100_000) * availableParallelism() * cpu.resetIntervalMs * 1_000;
    if (usedUs - book.window.usedAtStartUs > allowedUs) {
      if (!book.window.told) {
        const usedMs = Math.round((usedUs - book.window.usedAtStartUs) / 1_000);
        this.#logger.warn('cpu-limit-reached', { pool: name, action: cpu.action, limit: cpu.limit, usedMs });
        book.window.told = true;
      }
      if (cpu.action === 'KillW3wp') for (const worker of book.workers) worker.killFor('cpu');
    }
    if (nowMs - book.window.startedAtMs >= cpu.resetIntervalMs) book.window = null;
  }

  #cpuUsedUs(book: PoolBook): number {
    const told = this.#cgroups.usage(book.config.name)?.cpuUs ?? null;
    if (told !== null) return told;
    for (const worker of book.workers) {
      const usedUs = sum(readFamily(worker.pid).map((pid) => readUsageOf(pid).cpuUs));
      book.gone.set(worker.pid, Math.max(usedUs, book.gone.get(worker.pid) ?? 0));
    }
    return sum([...book.gone.values()]);
  }
}

function hasCpuWindow({ cpu }: PoolConfig): boolean {
  return cpu.limit > 0 && cpu.resetIntervalMs > 0 && (cpu.action === 'NoAction' || cpu.action === 'KillW3wp');
}

/** The pool is over its limit together; the worker that uses most goes. */
function lookAtMemory(book: PoolBook, memoryMaxBytes: number): void {
  const used = [...book.workers].map((worker) => ({
    worker,
    bytes: sum(readFamily(worker.pid).map((pid) => readUsageOf(pid).residentBytes)),
  }));
  if (sum(used.map((one) => one.bytes)) <= memoryMaxBytes) return;
  used.toSorted((a, b) => b.bytes - a.bytes)[0]?.worker.killFor('memory');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
