import type { RouteSite } from '../../pools/protocol/snapshot.js';
import type { ConnectionContext } from './context.js';

/**
 * The sites that count one client connection (limits.maxConnections): over HTTP/1 the one of its last request,
 * over HTTP/2 every one that its streams asked for.
 */
export class SiteEntries {
  readonly #context: ConnectionContext;
  readonly #address: string;
  readonly #several: boolean;
  readonly #sites: RouteSite[] = [];

  constructor(context: ConnectionContext, address: string, several: boolean) {
    this.#context = context;
    this.#address = address;
    this.#several = several;
  }

  /** @returns false when the site has no room for one more connection (of this client). */
  enter(site: RouteSite): boolean {
    const sites = this.#sites;
    if (sites.includes(site)) return true;
    if (!this.#several) this.leave();
    // New routes bring the same site as another object.
    const before = sites.findIndex(({ name }) => name === site.name);
    if (before >= 0) for (const one of sites.splice(before, 1)) this.#context.leaveSite(one, this.#address);
    if (!this.#context.enterSite(site, this.#address)) return false;
    sites.push(site);
    return true;
  }

  /** The connection is gone. */
  leave(): void {
    for (const site of this.#sites.splice(0)) this.#context.leaveSite(site, this.#address);
  }
}
