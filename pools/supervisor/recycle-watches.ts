import { SluiceError } from '../../config/base/errors.js';
import { isRecycling, type PoolBook } from './books.js';

interface Watch {
  readonly pool: PoolBook;
  failed: boolean;
  readonly resolve: () => void;
  readonly reject: (error: SluiceError) => void;
}

/** Answers the callers of `recyclePool` when every slot of the pool has its new worker, or could not get one. */
export class RecycleWatches {
  #watches: Watch[] = [];

  add(watch: Watch): void {
    this.#watches.push(watch);
  }

  note(pool: PoolBook, failed: boolean): void {
    for (const watch of this.#watches) if (watch.pool === pool && failed) watch.failed = true;
  }

  check(): void {
    if (this.#watches.length === 0) return;
    this.#watches = this.#watches.filter((watch) => {
      const { name, hosts } = watch.pool;
      const busy = [...hosts].some((host) => host.machine.slots.some(isRecycling));
      if (busy) return true;
      if (!watch.failed) watch.resolve();
      else {
        const remedy = 'The old workers keep serving; the log names the cause.';
        watch.reject(new SluiceError('recycle-failed', `a new worker of pool ${name} did not start`, remedy));
      }
      return false;
    });
  }
}
