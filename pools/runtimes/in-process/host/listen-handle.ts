/** Stands where a listening TCP handle stands: nobody connects here, requests come over the links. */
import { holdAnchor, releaseAnchor } from './anchor.js';
import { runSoon } from './clean-context.js';
import type { ListenHandle } from './node-internals.js';

/** What `server.address()` reports; a pipe path has none (Node then reports the path). */
export interface ListenAddress {
  readonly address: string;
  readonly family: string;
  readonly port: number;
}

export class FakeListenHandle implements ListenHandle {
  onconnection: unknown = undefined;
  readonly fd = -1;
  getsockname?: (out: Record<string, unknown>) => number;
  readonly #closed: () => void;
  #isClosed = false;
  #referenced = true;

  /** `closed` is called when the app closes its server. */
  constructor(address: ListenAddress | null, closed: () => void) {
    this.#closed = closed;
    if (address !== null) {
      this.getsockname = (out) => {
        Object.assign(out, address);
        return 0;
      };
    }
    holdAnchor();
  }

  listen(): number {
    return 0;
  }

  close(callback?: () => void): void {
    if (this.#isClosed) return;
    this.unref();
    this.#isClosed = true;
    this.#closed();
    if (callback !== undefined) runSoon(callback, undefined);
  }

  ref(): void {
    if (this.#referenced || this.#isClosed) return;
    this.#referenced = true;
    holdAnchor();
  }

  unref(): void {
    if (!this.#referenced || this.#isClosed) return;
    this.#referenced = false;
    releaseAnchor();
  }

  hasRef(): boolean {
    return this.#referenced;
  }

  getAsyncId(): number {
    return 1;
  }

  fchmod(): number {
    return 0;
  }
}
