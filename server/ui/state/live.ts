/** Keeps the store up to date: all pools at first, then what the server tells as it happens. */
import { describeProblem, request } from '../api/client.js';
import { EventFeed } from '../api/event-stream.js';
import { after, every, nowMs } from '../page-clock.js';
import { foldEvent } from './fold.js';
import type { PoolHead } from './health.js';
import type { Store } from './store.js';

/** The server sends figures every second; without them for so long what is shown is old. */
const staleAfterMs = 5_000;
/** Several changes at once lead to one question. */
const gatherMs = 250;
/** Where there is no stream of events. */
const pollMs = 2_000;

export class Live {
  readonly #store: Store;
  readonly #feed: EventFeed;
  #cancelGather: (() => void) | null = null;
  #polling = false;

  constructor(store: Store) {
    this.#store = store;
    this.#feed = new EventFeed('/api/v1/events', {
      opened: () => {
        this.#heard();
        this.#gather();
      },
      message: (message) => {
        this.#heard();
        if (foldEvent(store, message)) this.#gather();
      },
      lost: (error, isFinal) => {
        this.#polling = isFinal;
        if (isFinal) this.#gather();
        else store.setConnection('lost');
        if (!store.loaded) store.fail(describeProblem(error));
      },
    });
  }

  open(): () => void {
    void this.#load();
    const closers = [
      this.#feed.open(),
      every(1_000, () => this.#look()),
      every(pollMs, () => {
        if (this.#polling) this.#gather();
      }),
      () => this.#cancelGather?.(),
    ];
    return () => {
      for (const close of closers) close();
    };
  }

  #heard(): void {
    this.#store.heardAtMs = nowMs();
    this.#store.setConnection('live');
  }

  #look(): void {
    const { connection, heardAtMs } = this.#store;
    if (connection === 'live' && nowMs() - heardAtMs > staleAfterMs) this.#store.setConnection('stale');
  }

  #gather(): void {
    if (this.#cancelGather !== null) return;
    this.#cancelGather = after(gatherMs, () => {
      this.#cancelGather = null;
      void this.#load();
    });
  }

  async #load(): Promise<void> {
    try {
      const { pools } = await request<{ readonly pools: readonly PoolHead[] }>('GET', '/api/v1/pools');
      this.#store.setPools(pools);
      if (this.#polling) this.#heard();
    } catch (error) {
      if (!this.#store.loaded) this.#store.fail(describeProblem(error));
      if (this.#polling) this.#store.setConnection('lost');
    }
  }
}
