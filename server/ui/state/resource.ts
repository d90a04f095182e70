/** What a page asked the server for, and how that stands; asked again on demand or every few seconds. */
import { ApiError, describeProblem, request } from '../api/client.js';
import { after } from '../page-clock.js';

export type ResourceState = 'loading' | 'ready' | 'failed' | 'missing';

export class Resource<T> {
  readonly path: string;
  readonly #changed: () => void;
  readonly #everyMs: number;
  #cancel: () => void = () => undefined;
  #open = false;
  #asking = false;
  #askAgain = false;
  state: ResourceState = 'loading';
  data: T | null = null;
  /** Why it failed, for people. */
  problem = '';

  /** `everyMs` 0 = only on demand. */
  constructor(path: string, changed: () => void, everyMs = 0) {
    this.path = path;
    this.#changed = changed;
    this.#everyMs = everyMs;
  }

  /** The returned function ends the asking. */
  open(): () => void {
    this.#open = true;
    this.load();
    return () => {
      this.#open = false;
      this.#cancel();
    };
  }

  /** One request at a time; a wish during one leads to one more. */
  load(): void {
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    this.#cancel();
    this.#asking = true;
    this.#ask().then(
      () => this.#asked(),
      () => this.#asked(),
    );
  }

  async #ask(): Promise<void> {
    try {
      this.data = await request<T>('GET', this.path);
      this.state = 'ready';
      this.problem = '';
    } catch (error) {
      const missing = error instanceof ApiError && error.isMissingRoute;
      this.state = missing ? 'missing' : 'failed';
      this.problem = describeProblem(error);
    }
  }

  #asked(): void {
    this.#asking = false;
    if (!this.#open) return;
    this.#changed();
    if (this.#askAgain) {
      this.#askAgain = false;
      this.load();
    } else if (this.#everyMs > 0 && this.state !== 'missing') {
      this.#cancel = after(this.#everyMs, () => this.load());
    }
  }
}
