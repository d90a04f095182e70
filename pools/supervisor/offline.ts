/** Applications that an administrator took offline: kept until they are put online again or the server ends, reloads or not. */
import type { Turns } from './turns.js';
import { type Estate, openHost } from './reconcile.js';
import type { ListenerPort, OfflinePort } from './ports.js';

export interface OfflineParts {
  readonly estate: Estate;
  readonly turns: Turns;
  readonly listeners: Pick<ListenerPort, 'whenAcknowledged'>;
  /** Runs at the end of the turn, with the number of its publication. */
  readonly published: (then: (number: number) => void) => void;
}

export class OfflineApplications implements OfflinePort {
  readonly #parts: OfflineParts;
  /** Those who wait until no process is left, by application id. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(parts: OfflineParts) {
    this.#parts = parts;
  }

  get ids(): ReadonlySet<string> {
    return this.#parts.estate.offline;
  }

  /** Resolves when every listener refuses its requests and none of its processes is left, or when it is online again. */
  take(id: string): Promise<void> {
    const { estate, turns, listeners, published } = this.#parts;
    return new Promise((resolve) => {
      turns.post(() => {
        estate.offline.add(id);
        const host = estate.hosts.get(id);
        if (host === undefined) return resolve();
        estate.runner.feedHost(host, { type: 'offline' });
        published((number) => {
          const acknowledged = (): void => turns.post(() => this.#await(id, resolve));
          listeners.whenAcknowledged(number).then(acknowledged, acknowledged);
        });
      });
    });
  }

  /** As its pool has it: AlwaysRunning starts its workers now. */
  bring(id: string): void {
    const { estate, turns } = this.#parts;
    turns.post(() => {
      if (!estate.offline.delete(id)) return;
      this.#resolve(id);
      const host = estate.hosts.get(id);
      if (host === undefined) return;
      estate.runner.feedHost(host, { type: 'online', cause: host.pool.machine.cause });
      openHost(estate, host);
    });
  }

  /** The last process of a host of this application is gone. */
  emptied(id: string): void {
    if (this.#waiting.has(id) && !this.#hasWorkers(id)) this.#resolve(id);
  }

  #await(id: string, resolve: () => void): void {
    if (!this.ids.has(id) || !this.#hasWorkers(id)) return resolve();
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), resolve]);
  }

  #resolve(id: string): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve();
    this.#waiting.delete(id);
  }

  /** Also where it was before it moved to another pool. */
  #hasWorkers(id: string): boolean {
    const { pools, departing } = this.#parts.estate;
    const hosts = [...pools.values(), ...departing].flatMap((pool) => [...pool.hosts]);
    return hosts.some((host) => host.id === id && host.workers.size > 0);
  }
}
