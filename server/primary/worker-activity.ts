import type { WorkerActivity } from '../../pools/protocol/listener-to-primary.js';

/** What all listeners together know of each worker; totals of listeners that are gone still count. */
export class ActivityBook {
  readonly #byListener = new Map<number, Map<number, WorkerActivity>>();
  /** workerId -> requests that listeners which are gone had handed to it. */
  readonly #retired = new Map<number, number>();

  /** Takes one listener's newest report and returns the sums for the workers in it; how long is that listener's own. */
  report(listenerId: number, workers: readonly WorkerActivity[]): WorkerActivity[] {
    const newest = new Map(workers.map((one) => [one.workerId, one]));
    this.#byListener.set(listenerId, newest);
    for (const workerId of this.#retired.keys()) if (!this.#isKnown(workerId)) this.#retired.delete(workerId);
    return workers.map(({ workerId, underWayMs }) => ({ ...this.#sum(workerId), underWayMs }));
  }

  forget(listenerId: number): void {
    for (const { workerId, requestsTotal } of this.#byListener.get(listenerId)?.values() ?? []) {
      this.#retired.set(workerId, (this.#retired.get(workerId) ?? 0) + requestsTotal);
    }
    this.#byListener.delete(listenerId);
  }

  #isKnown(workerId: number): boolean {
    return [...this.#byListener.values()].some((workers) => workers.has(workerId));
  }

  #sum(workerId: number): Omit<WorkerActivity, 'underWayMs'> {
    let inFlight = 0;
    let requestsTotal = this.#retired.get(workerId) ?? 0;
    for (const workers of this.#byListener.values()) {
      const one = workers.get(workerId);
      inFlight += one?.inFlight ?? 0;
      requestsTotal += one?.requestsTotal ?? 0;
    }
    return { workerId, inFlight, requestsTotal };
  }
}
