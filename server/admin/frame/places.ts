/**
 * Places for answers that stay open. One caller cannot take them all: it has a quarter of them at most, and the last
 * quarter is for admins of all pools. The admin socket belongs to the owner, whom only the total bounds.
 */
import { type AdminCaller, isOwner } from './caller.js';
import { AdminError } from './errors.js';

export class Places {
  readonly #most: number;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Returns what gives the place back, once. Throws an AdminError when there is none for this caller. */
  take(caller: AdminCaller): () => void {
    const { name, via } = caller;
    const quarter = this.#most / 4;
    const own = this.#taken.get(name) ?? 0;
    const most = isOwner(caller) ? this.#most : this.#most - quarter;
    if (this.#total >= most || (via !== 'socket' && own >= quarter)) {
      const remedy = 'close one of them, or come back later';
      throw new AdminError(503, 'too-many-streams', 'too many clients listen already', remedy);
    }
    this.#total += 1;
    this.#taken.set(name, own + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#total -= 1;
      const left = (this.#taken.get(name) ?? 1) - 1;
      if (left === 0) this.#taken.delete(name);
      else this.#taken.set(name, left);
    };
  }
}
