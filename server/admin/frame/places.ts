/**
 * Places for what takes its time: streams, actions, questions. One caller cannot take them all: it has a quarter of
 * them at most, and the last quarter is for admins of all pools. The admin socket belongs to the owner, whom only the
 * total bounds.
 */
import { type AdminCaller, isOwner } from './caller.js';
import type { AdminError } from './errors.js';

export class Places {
  readonly #most: number;
  readonly #refusal: () => AdminError;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(most: number, refusal: () => AdminError) {
    this.#most = most;
    this.#refusal = refusal;
  }

  /** Returns what gives the place back, once. Throws the refusal when there is none for this caller. */
  take(caller: AdminCaller): () => void {
    const { name, via } = caller;
    const quarter = this.#most / 4;
    const own = this.#taken.get(name) ?? 0;
    const most = isOwner(caller) ? this.#most : this.#most - quarter;
    if (this.#total >= most || (via !== 'socket' && own >= quarter)) throw this.#refusal();
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
