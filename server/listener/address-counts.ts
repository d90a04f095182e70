import { addressKey } from '../http1/ip-address.js';

/**
 * Open connections by client address, from accept to close: what has not become a request yet counts too. A
 * connection is counted under whatever object stands for it.
 */
export class AddressCounts {
  /** Of this listener; 0 = nothing is counted. Acts on connections that come from now on. */
  limit = 0;
  readonly #counts = new Map<string, number>();
  readonly #keys = new Map<object, string>();

  /** @returns false when this client has no room for one more. */
  enter(holder: object, address: string): boolean {
    if (this.limit === 0) return true;
    const key = addressKey(address);
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.limit) return false;
    this.#counts.set(key, count + 1);
    this.#keys.set(holder, key);
    return true;
  }

  /** The connection that `from` stood for is now that of `to`. */
  move(from: object, to: object): void {
    const key = this.#keys.get(from);
    if (key === undefined) return;
    this.#keys.delete(from);
    this.#keys.set(to, key);
  }

  leave(holder: object): void {
    const key = this.#keys.get(holder);
    if (key === undefined) return;
    this.#keys.delete(holder);
    const left = (this.#counts.get(key) ?? 0) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
