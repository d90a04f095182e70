/**
 * Rapid-fail counted a second time, from what happened to the processes and nothing else: which ends
 * nobody asked for, in which window they fall, and when that must trip.
 */
import { invariant } from '../../config/base/invariant.js';
import type { PoolState, PoolView } from '../../pools/supervisor/ports.js';
import type { FakeListeners } from './fake-listeners.js';
import type { FakeProcess } from './fake-runtime.js';

interface PoolCount {
  state: PoolState;
  stamps: number[];
}

export class ReferenceCounts {
  readonly #listeners: FakeListeners;
  readonly #processes: () => readonly FakeProcess[];
  readonly #isAside: (process: FakeProcess) => boolean;
  readonly #pools = new Map<string, PoolCount>();
  readonly #applications = new Map<string, number[]>();
  readonly #tripped: string[] = [];
  #expected: string[] = [];
  readonly #counted = new Set<FakeProcess>();
  checked = 0;

  /** `isAside`: being suspended or suspended, which is no order to end. */
  constructor(
    listeners: FakeListeners,
    processes: () => readonly FakeProcess[],
    isAside: (process: FakeProcess) => boolean,
  ) {
    this.#isAside = isAside;
    this.#listeners = listeners;
    this.#processes = processes;
  }

  /** The supervisor says so. */
  noteTrip(name: string): void {
    this.#tripped.push(name);
  }

  /** A pool that becomes Started, by hand or by a good probe, begins with an empty window. */
  notePools(views: readonly PoolView[]): void {
    for (const { name, state, applications } of views) {
      const count = this.#pools.get(name) ?? { state: 'Stopped', stamps: [] };
      if (state === 'Started' && count.state !== 'Started') count.stamps = [];
      const opened = (state === 'Started' || state === 'Starting') && !isOpen(count.state);
      if (opened) for (const { id } of applications) this.forgive(id);
      count.state = state;
      this.#pools.set(name, count);
    }
  }

  /** New configuration or a manual start: an application's own window is empty again. */
  forgive(applicationId: string): void {
    this.#applications.delete(applicationId);
  }

  ending(process: FakeProcess, nowMs: number): void {
    this.#judge('before the end of another');
    if (this.#counted.has(process)) return;
    this.#count(process, nowMs);
  }

  /** A hang counts when it is found; the end that follows does not. */
  stalled(process: FakeProcess, nowMs: number): void {
    this.#judge('before a hang');
    this.#counted.add(process);
    this.#count(process, nowMs);
  }

  #count(process: FakeProcess, nowMs: number): void {
    if (this.#wasAsked(process) || this.#isReplacement(process)) return;
    const { application, pool } = process.request;
    if (!process.inProcess) {
      this.#countApplication(application.id, process, nowMs);
      return;
    }
    const own = process.ready && process.asked.kill === 0 && process.exit?.code === 0;
    const count = this.#pools.get(pool.name);
    if (own || count === undefined || !pool.failure.rapidFailProtection) return;
    if (count.state === 'Starting') this.#expected = [pool.name];
    if (count.state !== 'Started') return;
    const { rapidFailProtectionIntervalMs: interval, rapidFailProtectionMaxCrashes: max } = pool.failure;
    count.stamps = [...count.stamps.filter((stamp) => nowMs - stamp < interval), nowMs];
    if (count.stamps.length >= max) this.#expected = [pool.name];
  }

  ended(process: FakeProcess): void {
    const { pool, workerId } = process.request;
    this.#judge(`pool ${pool.name}, end of worker ${workerId}`);
    this.checked += 1;
  }

  #judge(when: string): void {
    const got = this.#tripped.splice(0).join();
    const wanted = this.#expected.splice(0).join();
    invariant(got === wanted, `${when}: tripped '${got}', must be '${wanted}'`);
  }

  #countApplication(id: string, process: FakeProcess, nowMs: number): void {
    if (!process.request.pool.failure.rapidFailProtection) return;
    const max = process.request.hosting.rapidFailsPerMinute;
    const live = (this.#applications.get(id) ?? []).filter((stamp) => nowMs - stamp < 60_000);
    if (live.length <= max && live.length + 1 > max) this.#expected = [id];
    this.#applications.set(id, [...live, nowMs]);
  }

  /** Recycles, idle stops and stops by hand: unpublished or told to end before it ended. */
  #wasAsked(process: FakeProcess): boolean {
    const { terminate, drain, kill } = process.asked;
    const { workerId } = process.request;
    if (this.#isAside(process)) return false;
    const leaving =
      this.#listeners.everPublished(workerId) &&
      !this.#listeners.isPublished(workerId) &&
      kill === 0 &&
      process.asked.orphan === 0;
    return terminate > 0 || drain > 0 || leaving;
  }

  #isReplacement(process: FakeProcess): boolean {
    const { application, slot, generation, workerId } = process.request;
    if (this.#listeners.everPublished(workerId)) return false;
    return this.#processes().some((other) => {
      const { request } = other;
      const same = request.application.id === application.id && request.slot === slot;
      if (!same || other.exited || request.generation >= generation) return false;
      return this.#listeners.everPublished(request.workerId) && !this.#wasAsked(other);
    });
  }
}

function isOpen(state: PoolState): boolean {
  return state === 'Started' || state === 'Starting';
}
