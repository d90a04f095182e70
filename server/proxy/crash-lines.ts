import { crashLinesKept } from '../../config/base/limits.js';

interface Sighting {
  readonly seenMs: number;
  /** -1 = another listener saw it. */
  readonly workerId: number;
}

/** All listeners see the same crash within this time; a report of another one is older than that or the same crash. */
const sameCrashMs = 1_000;

/**
 * Request lines that were in flight when a worker of the pool crashed. A line seen at two crashes within
 * the interval is not sent to a third worker. Any answer to the line in between clears it.
 */
export class CrashLines {
  readonly #seen = new Map<string, Sighting>();
  readonly #intervalMs: number;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get isEmpty(): boolean {
    return this.#seen.size === 0;
  }

  /** @returns true when the line was in flight at an earlier crash (of another worker) that still counts. */
  note(line: string, workerId: number, nowMs: number): boolean {
    const earlier = this.#seen.get(line);
    if (earlier !== undefined && earlier.workerId === workerId) return false;
    this.#put(line, { seenMs: nowMs, workerId });
    if (earlier === undefined) return false;
    const agoMs = nowMs - earlier.seenMs;
    return agoMs < this.#intervalMs && (earlier.workerId !== -1 || agoMs > sameCrashMs);
  }

  /** Another listener reports the line. */
  learn(line: string, nowMs: number): void {
    if (!this.#seen.has(line)) this.#put(line, { seenMs: nowMs, workerId: -1 });
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
