import type { Clock } from '../../config/base/clock.js';
import { unreachable } from '../../config/base/invariant.js';
import { spendingEntriesMax, spendingIntervalMs } from '../../config/base/limits.js';
import type { Holding, ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { PrimaryToListener } from '../../pools/protocol/primary-to-listener.js';
import type { RouteSite } from '../../pools/protocol/snapshot.js';
import { addressKey } from '../http1/ip-address.js';

/** What client addresses are counted for: a site. */
export type CountedSite = Pick<RouteSite, 'name' | 'maxConnectionsPerAddress'>;

/** `limits.maxConnections` that is no limit: nobody has to be told of what it counts. */
const unlimited = 0xffff_ffff;

/**
 * Connections of each site, and of each client at the sites that limit that. The limits hold over all listeners:
 * what one of them has had for an interval, it tells the others. Who holds nothing for so long (a proxy's client with
 * one short request after another) is never counted twice.
 */
export class SiteConnections {
  readonly #clock: Clock;
  readonly #say: (message: ListenerToPrimary) => void;
  readonly #own = new Map<string, number>();
  /** The sum of what the other listeners told. */
  readonly #elsewhere = new Map<string, number>();
  readonly #byListener = new Map<number, Map<string, number>>();
  /** What changed since it was told, with the least that it was since then. */
  readonly #changed = new Map<string, number>();
  readonly #told = new Map<string, number>();
  #toldMs = -Infinity;
  #isTelling = false;

  constructor(clock: Clock, say: (message: ListenerToPrimary) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /**
   * One more connection of the site. `address`: whose it is; '' = a trusted proxy's, which is no client.
   * @returns false when there is no room for it.
   */
  enter(site: RouteSite, address: string): boolean {
    if (this.#count(site.name) >= site.maxConnections || !this.enterClient(site, address)) return false;
    this.#add(site.name, 1, site.maxConnections < unlimited);
    return true;
  }

  leave(site: RouteSite, address: string): void {
    this.#add(site.name, -1, site.maxConnections < unlimited);
    this.leaveClient(site, address);
  }

  /** The client alone: of a connection that serves several, for as long as it serves this one. */
  enterClient(site: CountedSite, address: string): boolean {
    if (site.maxConnectionsPerAddress === 0 || address === '') return true;
    const key = keyOf(site, address);
    if (this.#count(key) >= site.maxConnectionsPerAddress) return false;
    this.#add(key, 1, true);
    return true;
  }

  leaveClient(site: CountedSite, address: string): void {
    if (site.maxConnectionsPerAddress > 0 && address !== '') this.#add(keyOf(site, address), -1, true);
  }

  /** Another listener has changes, has come and was told nothing yet, or ended and its connections with it. */
  receive(message: Extract<PrimaryToListener, { type: 'held' | 'listener-joined' | 'listener-gone' }>): void {
    switch (message.type) {
      case 'held':
        return this.#learn(message.listener, message.held);
      case 'listener-joined':
        return this.#tellAnew();
      case 'listener-gone':
        return this.#forget(message.listener);
      default:
        return unreachable(message);
    }
  }

  #count(key: string): number {
    return (this.#own.get(key) ?? 0) + (this.#elsewhere.get(key) ?? 0);
  }

  #learn(listener: number, held: readonly Holding[]): void {
    const known = this.#byListener.get(listener) ?? new Map<string, number>();
    this.#byListener.set(listener, known);
    for (const [key, count] of held) {
      change(this.#elsewhere, key, count - (known.get(key) ?? 0));
      put(known, key, count);
    }
  }

  #forget(listener: number): void {
    for (const [key, count] of this.#byListener.get(listener) ?? []) change(this.#elsewhere, key, -count);
    this.#byListener.delete(listener);
  }

  #tellAnew(): void {
    const all = [...this.#told];
    for (let at = 0; at < all.length; at += spendingEntriesMax) {
      this.#say({ type: 'held', held: all.slice(at, at + spendingEntriesMax) });
    }
  }

  /** `isLimited`: others count it too. A limit may have come or gone while the connection lasted. */
  #add(key: string, by: 1 | -1, isLimited: boolean): void {
    const before = this.#own.get(key) ?? 0;
    put(this.#own, key, before + by);
    if (!isLimited && !this.#told.has(key)) return;
    this.#changed.set(key, Math.min(this.#changed.get(key) ?? before, before + by));
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#isTelling || this.#changed.size === 0) return;
    this.#isTelling = true;
    const waitMs = Math.max(0, this.#toldMs + spendingIntervalMs - this.#clock.monotonicMs());
    this.#clock.setTimer(waitMs, () => this.#tell());
  }

  #tell(): void {
    const held: Holding[] = [];
    const grown: [key: string, count: number][] = [];
    for (const [key, least] of this.#changed) {
      if (held.length >= spendingEntriesMax) break;
      this.#changed.delete(key);
      const count = this.#own.get(key) ?? 0;
      if (count > least) grown.push([key, count]);
      if (least === (this.#told.get(key) ?? 0)) continue;
      put(this.#told, key, least);
      held.push([key, least]);
    }
    for (const [key, count] of grown) this.#changed.set(key, count);
    this.#isTelling = false;
    this.#toldMs = this.#clock.monotonicMs();
    if (held.length > 0) this.#say({ type: 'held', held });
    this.#tellSoon();
  }
}

function keyOf(site: CountedSite, address: string): string {
  return `${site.name}\0${addressKey(address)}`;
}

function change(counts: Map<string, number>, key: string, by: number): void {
  put(counts, key, (counts.get(key) ?? 0) + by);
}

/** Without it is none. */
function put(counts: Map<string, number>, key: string, count: number): void {
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
