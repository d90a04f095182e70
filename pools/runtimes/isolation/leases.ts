/**
 * Machine-wide leases of user ids, so that two instances of Sluice never give the same id to
 * processes of their own: one file per id that names its owner.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createOwned, removeAsides, removeStale } from '../owner-file.js';

export const leaseFolder = '/run/sluice-uids';

export interface Leases {
  /** False when another living instance holds the id. Taking it twice is harmless. */
  take(id: number): boolean;
  /** Gives every lease back, and of `others` those whose owner is dead. */
  releaseAll(others: Iterable<number>): void;
}

export function createLeases(folder: string = leaseFolder): Leases {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const held = new Set<number>();

  return {
    take(id) {
      if (held.has(id)) return true;
      const file = join(folder, String(id));
      if (!createOwned(file)) {
        removeStale(file);
        if (!createOwned(file)) return false;
      }
      held.add(id);
      return true;
    },
    releaseAll(others) {
      for (const id of others) if (!held.has(id)) removeStale(join(folder, String(id)));
      for (const id of held) rmSync(join(folder, String(id)), { force: true });
      held.clear();
      removeAsides(folder);
    },
  };
}
