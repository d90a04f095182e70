/**
 * Machine-wide leases of user ids, so that two instances of Sluice never give the same id to
 * processes of their own: one file per id that names its owner.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { adoptOwned, createOwned, ownerOf, removeAsides, removeOwned, removeStale } from '../owner-file.js';

export const leaseFolder = '/run/sluice-uids';

export interface Leases {
  /** False when another living instance holds the id. Taking it twice is harmless. */
  take(id: number): boolean;
  /** What was borrowed is ours from now on, whatever becomes of the lender. */
  adopt(): void;
  /** Gives every lease back that is still ours, and of `others` those whose owner is dead. */
  releaseAll(others: Iterable<number>): void;
}

/** `lender`: pid of a primary of this instance whose leases hold for us too, until we adopt them; 0 = nobody. */
export function createLeases(folder: string = leaseFolder, lender = 0): Leases {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const held = new Set<number>();

  return {
    take(id) {
      if (held.has(id)) return true;
      const file = join(folder, String(id));
      if (!createOwned(file)) {
        removeStale(file);
        if (!createOwned(file) && (lender === 0 || ownerOf(file)?.pid !== lender)) return false;
      }
      held.add(id);
      return true;
    },
    adopt() {
      for (const id of held) adoptOwned(join(folder, String(id)));
    },
    releaseAll(others) {
      for (const id of others) if (!held.has(id)) removeStale(join(folder, String(id)));
      for (const id of held) removeOwned(join(folder, String(id)));
      held.clear();
      removeAsides(folder);
    },
  };
}
