/** Orders of administrators that outlive the process that carried them out. */
import type { PoolBook } from './books.js';
import type { StandingOrders } from './ports.js';
import type { Estate } from './reconcile.js';

export const nothingOrdered: StandingOrders = { offline: [], stopped: [], started: [] };

export function standingOrders({ pools, offline }: Pick<Estate, 'pools' | 'offline'>): StandingOrders {
  const all = [...pools.values()];
  const namesOf = (some: readonly PoolBook[]): string[] => some.map(({ name }) => name);
  return {
    offline: [...offline],
    stopped: namesOf(all.filter((pool) => pool.config.autoStart && isStoppedByHand(pool))),
    started: namesOf(all.filter((pool) => !pool.config.autoStart && !isStoppedByHand(pool))),
  };
}

/** Not by rapid-fail protection: that judges processes, and a new primary has others. */
function isStoppedByHand({ machine: { life, cause } }: PoolBook): boolean {
  return (life === 'stopped' || life === 'stopping') && cause === 'Disabled';
}

export function beginsStarted({ stopped, started }: StandingOrders, name: string, autoStart: boolean): boolean {
  return autoStart ? !stopped.includes(name) : started.includes(name);
}

/** Brings pools that exist already to what was ordered. */
export function obey(estate: Pick<Estate, 'pools' | 'runner'>, orders: StandingOrders): void {
  for (const pool of estate.pools.values()) {
    const isWanted = beginsStarted(orders, pool.name, pool.config.autoStart);
    if (isWanted === !isStoppedByHand(pool)) continue;
    estate.runner.feedPool(pool, { type: isWanted ? 'start' : 'stop' });
  }
}
