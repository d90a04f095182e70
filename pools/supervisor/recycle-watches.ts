import { SluiceError } from '../../config/base/errors.js';
import { type HostBook, isRecycling, type PoolBook } from './books.js';

interface Watch {
  readonly pool: PoolBook;
  /** null = every slot of the pool. */
  readonly only: { readonly host: HostBook; readonly slot: number } | null;
  failed: boolean;
  readonly resolve: () => void;
  readonly reject: (error: SluiceError) => void;
}

/** Answers those who asked for a recycle when every slot has its new worker, or could not get one. */
export class RecycleWatches {
  #watches: Watch[] = [];

  add(watch: Omit<Watch, 'failed'>): void {
    this.#watches.push({ ...watch, failed: false });
  }

  failed(host: HostBook, slot: number): void {
    for (const watch of this.#watches) {
      const { pool, only } = watch;
      const concerned = only === null ? pool === host.pool : only.host === host && only.slot === slot;
      if (concerned) watch.failed = true;
    }
  }

  check(): void {
    if (this.#watches.length === 0) return;
    this.#watches = this.#watches.filter((watch) => {
      if (isBusy(watch)) return true;
      if (!watch.failed) watch.resolve();
      else {
        const remedy = 'The old workers keep serving; the log names the cause.';
        watch.reject(
          new SluiceError('recycle-failed', `a new worker of pool ${watch.pool.name} did not start`, remedy),
        );
      }
      return false;
    });
  }
}

function isBusy({ pool, only }: Watch): boolean {
  if (only === null) return [...pool.hosts].some((host) => host.machine.slots.some(isRecycling));
  return only.host.machine.slots.some((slot) => slot.number === only.slot && isRecycling(slot));
}
