import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { spendingEntriesMax, spendingIntervalMs } from '../../config/base/limits.js';
import type { ListenerToPrimary, Spending } from '../../pools/protocol/listener-to-primary.js';
import type { ListenerSettings, RouteSite } from '../../pools/protocol/snapshot.js';
import { SiteLimiter } from './site-limiter.js';

/**
 * The limiters of all sites that have limits by time. Each listener counts for itself and tells the others what was
 * spent: a limit holds over all of them, but for what came within one interval, and that is paid back.
 */
export class Limiters {
  readonly #clock: Clock;
  readonly #say: (message: ListenerToPrimary) => void;
  #sites = new Map<string, SiteLimiter>();
  #cancel: CancelTimer | null = null;

  constructor(clock: Clock, say: (message: ListenerToPrimary) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** What was spent stays known while a site's limits stay. */
  apply(sites: Iterable<RouteSite>, settings: ListenerSettings): void {
    const before = this.#sites;
    this.#sites = new Map();
    for (const { name, rates } of sites) {
      if (rates === undefined) continue;
      const known = before.get(name);
      const isSame = known !== undefined && JSON.stringify(known.rates) === JSON.stringify(rates);
      this.#sites.set(name, isSame ? known : new SiteLimiter(rates, () => this.#clock.monotonicMs()));
    }
    const isAlone = this.#sites.size === 0 || settings.listeners < 2;
    if (isAlone) this.#cancel?.();
    if (isAlone) this.#cancel = null;
    else if (this.#cancel === null) this.#tellLater();
  }

  of(site: RouteSite): SiteLimiter | undefined {
    return this.#sites.get(site.name);
  }

  learn(site: string, spent: readonly Spending[]): void {
    this.#sites.get(site)?.learn(spent);
  }

  #tellLater(): void {
    this.#cancel = this.#clock.setTimer(spendingIntervalMs, () => {
      this.#tellLater();
      for (const [site, limiter] of this.#sites) {
        const spent = limiter.takeUntold(spendingEntriesMax);
        if (spent.length > 0) this.#say({ type: 'spent', site, spent });
      }
    });
  }
}
