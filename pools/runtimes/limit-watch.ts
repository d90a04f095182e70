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
import { type Measure, measureWorkers } from './measure.js';

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
  /** CPU time by worker, those included that ended in this window, where only living processes can be asked. */
  readonly usedUs: Map<number, number>;
}

export class LimitWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #cgroups: Cgroups;
  readonly #measure: typeof measureWorkers;
  readonly #pools = new Map<string, PoolBook>();
  #cancel: CancelTimer | null = null;

  /** `measure`: only tests pass another one. */
  constructor(clock: Clock, logger: Logger, cgroups: Cgroups, measure = measureWorkers) {
    this.#clock = clock;
    this.#logger = logger;
    this.#cgroups = cgroups;
    this.#measure = measure;
  }

  add(pool: PoolConfig, worker: LimitedWorker): void {
    const book = this.#pools.get(pool.name) ?? { config: pool, workers: new Set(), window: null, usedUs: new Map() };
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
      this.#lookAtAll();
      this.#schedule();
    };
    this.#cancel = this.#clock.setTimer(limitWatchIntervalMs, look, true);
  }

  #isWatched(pool: PoolConfig): boolean {
    return hasCpuWindow(pool) || this.#memoryMax(pool) !== null;
  }

  /** Null: there is no limit, or the kernel holds it. */
  #memoryMax({ resources }: PoolConfig): number | null {
    return this.#cgroups.limits('memory') ? null : resources.memoryMaxBytes;
  }

  /** One look at /proc for all workers that only /proc tells about. */
  #lookAtAll(): void {
    const books = [...this.#pools.values()].filter(
      ({ workers, config }) => workers.size > 0 && this.#isWatched(config),
    );
    const told = new Map(books.map((book) => [book, this.#cgroups.usage(book.config.name)?.cpuUs ?? null]));
    const polled = books.filter((book) => told.get(book) === null || this.#memoryMax(book.config) !== null);
    const pids = polled.flatMap(({ workers }) => [...workers].map(({ pid }) => pid));
    const measured = pids.length === 0 ? new Map<number, Measure>() : this.#measure(pids, true);
    for (const book of books) {
      if (hasCpuWindow(book.config)) this.#lookAtCpu(book, told.get(book) ?? cpuOfAllUs(book, measured));
      const memoryMaxBytes = this.#memoryMax(book.config);
      if (memoryMaxBytes !== null) lookAtMemory(book, memoryMaxBytes, measured);
    }
  }

  #lookAtCpu(book: PoolBook, usedUs: number): void {
    const { cpu, name } = book.config;
    const nowMs = this.#clock.monotonicMs();
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
    if (nowMs - book.window.startedAtMs < cpu.resetIntervalMs) return;
    book.window = null;
    const living = new Set([...book.workers].map(({ pid }) => pid));
    for (const pid of book.usedUs.keys()) if (!living.has(pid)) book.usedUs.delete(pid);
  }
}

/** A process that has ended took its time along: what was seen last stays in the sum. */
function cpuOfAllUs(book: PoolBook, measured: ReadonlyMap<number, Measure>): number {
  for (const { pid } of book.workers) {
    const usedUs = measured.get(pid)?.cpuUs ?? 0;
    book.usedUs.set(pid, Math.max(usedUs, book.usedUs.get(pid) ?? 0));
  }
  return sum([...book.usedUs.values()]);
}

function hasCpuWindow({ cpu }: PoolConfig): boolean {
  return cpu.limit > 0 && cpu.resetIntervalMs > 0 && (cpu.action === 'NoAction' || cpu.action === 'KillW3wp');
}

/** The pool is over its limit together; the worker that uses most goes. */
function lookAtMemory(book: PoolBook, memoryMaxBytes: number, measured: ReadonlyMap<number, Measure>): void {
  const used = [...book.workers].map((worker) => ({ worker, bytes: measured.get(worker.pid)?.memoryBytes ?? 0 }));
  if (sum(used.map((one) => one.bytes)) <= memoryMaxBytes) return;
  used.toSorted((a, b) => b.bytes - a.bytes)[0]?.worker.killFor('memory');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
