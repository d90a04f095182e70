import { crashLinesKept, sameCrashMs } from '../../config/base/limits.js';

interface Sighting {
  readonly seenMs: number;
  /** -1 = another listener saw it. */
  readonly workerId: number;
}

/**
 * Request lines that were in flight when a worker of the pool crashed. A line that was in flight at two
 * crashes one after the other within the interval is not sent to a third worker: only a request that was
 * handed to its worker after the earlier crash was seen speaks of a second one. What two workers that
 * are killed at the same moment had in flight is one sighting, here and in other listeners. Any answer to
 * the line in between clears it.
 */
export class CrashLines {
  readonly #seen = new Map<string, Sighting>();
  intervalMs: number;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  get isEmpty(): boolean {
    return this.#seen.size === 0;
  }

  /**
   * @param handedMs when the request was handed to this worker.
   * @returns true when the line was in flight at an earlier crash (of another worker) that still counts.
   */
  note(line: string, workerId: number, handedMs: number, nowMs: number): boolean {
    const earlier = this.#seen.get(line);
    if (earlier === undefined || nowMs - earlier.seenMs >= this.intervalMs) {
      this.#put(line, { seenMs: nowMs, workerId });
      return false;
    }
    if (earlier.workerId === workerId || handedMs - earlier.seenMs < sameCrashMs) return false;
    this.#put(line, { seenMs: nowMs, workerId });
    return true;
  }

  /** Another listener reports the line. */
  learn(line: string, nowMs: number): void {
    const earlier = this.#seen.get(line);
    if (earlier !== undefined && nowMs - earlier.seenMs < this.intervalMs) return;
    this.#put(line, { seenMs: nowMs, workerId: -1 });
  }

  /** @returns true when the line was known. */
  clear(line: string): boolean {
    return this.#seen.delete(line);
  }

  #put(line: string, sighting: Sighting): void {
    this.#seen.delete(line);
    this.#seen.set(line, sighting);
    if (this.#seen.size <= crashLinesKept) return;
    const oldest = this.#seen.keys().next();
    if (oldest.done !== true) this.#seen.delete(oldest.value);
  }
}
