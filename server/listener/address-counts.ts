import type { CountedSite, SiteConnections } from './site-connections.js';

interface Entry {
  readonly scope: CountedSite;
  readonly address: string;
}

/**
 * Open connections by client address, from accept to close: what has not become a request yet counts too. The limit
 * holds over all listeners, as a site's does: the server stands beside the sites as one without a name. A connection
 * is counted under whatever object stands for it.
 */
export class AddressCounts {
  readonly #connections: SiteConnections;
  readonly #entries = new Map<object, Entry>();
  #scope: CountedSite = { name: '', maxConnectionsPerAddress: 0 };

  constructor(connections: SiteConnections) {
    this.#connections = connections;
  }

  /** 0 = nothing is counted. Acts on connections that come from now on. */
  setLimit(maxConnectionsPerAddress: number): void {
    this.#scope = { name: '', maxConnectionsPerAddress };
  }

  get isLimited(): boolean {
    return this.#scope.maxConnectionsPerAddress > 0;
  }

  /** @returns false when this client has no room for one more. */
  enter(holder: object, address: string): boolean {
    const scope = this.#scope;
    if (!this.isLimited) return true;
    if (!this.#connections.enterClient(scope, address)) return false;
    this.#entries.set(holder, { scope, address });
    return true;
  }

  /** The connection that `from` stood for is now that of `to`. */
  move(from: object, to: object): void {
    const entry = this.#entries.get(from);
    if (entry === undefined) return;
    this.#entries.delete(from);
    this.#entries.set(to, entry);
  }

  leave(holder: object): void {
    const entry = this.#entries.get(holder);
    if (entry === undefined) return;
    this.#entries.delete(holder);
    this.#connections.leaveClient(entry.scope, entry.address);
  }
}
