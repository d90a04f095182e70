/** Work for callers of the admin API that is done one after the other, for admins of all pools first. */
import { type AdminCaller, isOwner } from '../admin/frame/caller.js';
import { tooManyOperations } from '../admin/frame/errors.js';
import { Places } from '../admin/frame/places.js';

export class CallerTurns {
  readonly #places: Places;
  readonly #owners: (() => void)[] = [];
  readonly #others: (() => void)[] = [];
  #isBusy = false;

  /** `most`: under way and waiting. `what`: `questions about the configuration`. */
  constructor(most: number, what: string) {
    this.#places = new Places(most, () =>
      tooManyOperations(`too many ${what} wait, of this caller or of all`, 'try again'),
    );
  }

  /** Rejects with an AdminError when there is no place for this caller. */
  async take<T>(caller: AdminCaller, work: () => Promise<T>): Promise<T> {
    const leavePlace = this.#places.take(caller);
    try {
      if (this.#isBusy) await this.#turnOf(caller);
      this.#isBusy = true;
      return await work();
    } finally {
      leavePlace();
      this.#next();
    }
  }

  #turnOf(caller: AdminCaller): Promise<void> {
    return new Promise((begin) => (isOwner(caller) ? this.#owners : this.#others).push(begin));
  }

  /** Stays busy until the one whose turn it is goes on. */
  #next(): void {
    const begin = this.#owners.shift() ?? this.#others.shift();
    if (begin === undefined) this.#isBusy = false;
    else begin();
  }
}
