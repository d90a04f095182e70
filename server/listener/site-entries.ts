import type { RouteSite } from '../../pools/protocol/snapshot.js';
import type { SiteConnections } from './site-connections.js';

interface Entry {
  readonly site: RouteSite;
  readonly address: string;
}

/**
 * The sites that count one client connection (limits.maxConnections): over HTTP/1 the one of its last request,
 * over HTTP/2 every one that its streams asked for.
 */
export class SiteEntries {
  readonly #connections: SiteConnections;
  readonly #several: boolean;
  readonly #entries: Entry[] = [];

  constructor(connections: SiteConnections, several: boolean) {
    this.#connections = connections;
    this.#several = several;
  }

  /**
   * `address`: the client's; '' = a trusted proxy's connection, which serves several.
   * @returns false when the site has no room for one more connection (of this client).
   */
  enter(site: RouteSite, address: string): boolean {
    const entries = this.#entries;
    if (entries.some((one) => one.site === site)) return true;
    if (!this.#several) this.leave();
    // New routes bring the same site as another object.
    const before = entries.findIndex((one) => one.site.name === site.name);
    if (before >= 0) for (const one of entries.splice(before, 1)) this.#connections.leave(one.site, one.address);
    if (!this.#connections.enter(site, address)) return false;
    entries.push({ site, address });
    return true;
  }

  /** The connection is gone. */
  leave(): void {
    for (const one of this.#entries.splice(0)) this.#connections.leave(one.site, one.address);
  }
}
