import { crashLinesKept, obituariesKept } from '../../config/base/limits.js';
import type { ObituaryView } from './ports.js';

/** The last `obituariesKept` ends of each slot of a pool, newest last. */
export class Obituaries {
  readonly #slots = new Map<string, ObituaryView[]>();

  add(obituary: ObituaryView): void {
    const key = `${obituary.applicationId}#${obituary.slot}`;
    const kept = [...(this.#slots.get(key) ?? []), obituary].slice(-obituariesKept);
    this.#slots.set(key, kept);
  }

  /** Listeners may tell what was in flight after the process was buried. */
  amend(workerId: number, change: (obituary: ObituaryView) => Partial<ObituaryView>): boolean {
    for (const kept of this.#slots.values()) {
      const index = kept.findIndex((obituary) => obituary.workerId === workerId);
      const found = kept[index];
      if (found === undefined) continue;
      kept[index] = { ...found, ...change(found) };
      return true;
    }
    return false;
  }

  forget(applicationId: string): void {
    for (const key of this.#slots.keys()) if (key.startsWith(`${applicationId}#`)) this.#slots.delete(key);
  }

  all(): readonly ObituaryView[] {
    return [...this.#slots.values()].flat().toSorted((a, b) => a.atMs - b.atMs);
  }
}

export function joinLines(known: readonly string[], more: readonly string[]): readonly string[] {
  return [...known, ...more].slice(0, crashLinesKept);
}
