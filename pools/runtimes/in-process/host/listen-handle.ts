/** Stands where a listening TCP handle stands: requests come over the links, to a port that is not there. */
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
  /** Bound beside it, for an app that asked for any free port and may use what it got. */
  #real: ListenHandle | null;
  #isClosed = false;
  #referenced = true;

  /** `closed` is called when the app closes its server. `real` is closed with this handle. */
  constructor(address: ListenAddress | null, closed: () => void, real: ListenHandle | null = null) {
    this.#closed = closed;
    this.#real = real;
    // The anchor keeps the process alive.
    real?.unref();
    if (address !== null) {
      this.getsockname = (out) => {
        Object.assign(out, address);
        return 0;
      };
    }
    holdAnchor();
  }

  listen(backlog: number): number {
    if (this.#real === null) return 0;
    takePlace(this.#real, this);
    return this.#real.listen(backlog);
  }

  /** Closes this handle, not the real one: it goes on for the server and is the caller's. */
  handOver(): ListenHandle | null {
    const real = this.#real;
    this.#real = null;
    if (this.#referenced) real?.ref();
    this.close();
    return real;
  }

  close(callback?: () => void): void {
    if (this.#isClosed) return;
    this.unref();
    this.#isClosed = true;
    this.#closed();
    this.#real?.close();
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

/** Connections of `handle` come to the server and the callback of the other one. */
export function takePlace(handle: ListenHandle, of: ListenHandle): void {
  // Node keeps the server on its handle under a symbol.
  for (const symbol of Object.getOwnPropertySymbols(of)) Reflect.set(handle, symbol, Reflect.get(of, symbol));
  handle.onconnection = of.onconnection;
}
