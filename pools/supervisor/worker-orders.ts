/** What an administrator may ask of one worker. */
import { SluiceError } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import { roleOf } from '../lifecycle/application-states.js';
import { isEligible } from '../lifecycle/worker-states.js';
import type { DumpWish } from '../protocol/primary-to-host.js';
import type { WorkerBook } from './books.js';
import type { EffectRunner } from './effect-runner.js';
import type { WorkerOrdersPort } from './ports.js';
import type { RecycleWatches } from './recycle-watches.js';
import type { Turns } from './turns.js';

export interface WorkerOrdersParts {
  readonly logger: Logger;
  readonly turns: Turns;
  readonly recycles: RecycleWatches;
  runner(): EffectRunner;
}

type Order = (worker: WorkerBook, resolve: () => void, reject: (error: unknown) => void) => void;

export class WorkerOrders implements WorkerOrdersPort {
  readonly #parts: WorkerOrdersParts;

  constructor(parts: WorkerOrdersParts) {
    this.#parts = parts;
  }

  recycle(workerId: number): Promise<void> {
    return this.#serving(workerId, (worker, resolve, reject) => {
      const { host, slot } = worker;
      this.#log('recycle', worker);
      this.#parts.recycles.add({ pool: host.pool, only: { host, slot }, resolve, reject });
      this.#parts.runner().noteRecycle(host, 'on-demand', { slot, pid: worker.pid });
      this.#parts.runner().feedHost(host, { type: 'recycle', slot, reason: 'on-demand' });
    });
  }

  stop(workerId: number): Promise<void> {
    return this.#serving(workerId, (worker, resolve) => {
      const { host, slot, generation } = worker;
      this.#log('worker-stop', worker);
      this.#parts.runner().feedHost(host, { type: 'stopWorker', slot, generation });
      this.#parts.runner().ledger.whenWritten([workerId], resolve);
    });
  }

  async dump(workerId: number, wish: DumpWish): Promise<string> {
    let file = '';
    await this.#known(workerId, (worker, resolve, reject) => {
      const { handle } = worker;
      if (handle === null || worker.pid === 0) return reject(notRunning(workerId));
      this.#log('worker-dump', worker);
      handle.dump(wish).then((path) => {
        file = path;
        resolve();
      }, reject);
    });
    return file;
  }

  suspend(workerId: number): Promise<void> {
    return this.#serving(workerId, (worker, resolve) => {
      const { host, slot, generation } = worker;
      this.#log('worker-suspend', worker);
      this.#parts.runner().feedHost(host, { type: 'suspend', slot, generation });
      resolve();
    });
  }

  resume(workerId: number): Promise<void> {
    return this.#serving(workerId, (worker, resolve) => {
      const { host, slot, generation } = worker;
      this.#log('worker-resume', worker);
      this.#parts.runner().feedHost(host, { type: 'resume', slot, generation });
      resolve();
    });
  }

  whenReceipted(workerIds: readonly number[]): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.turns.post(() => this.#parts.runner().ledger.whenWritten(workerIds, resolve));
    });
  }

  /** Only a worker that runs, or is suspended: one that starts or leaves has its way already. */
  #serving(workerId: number, order: Order): Promise<void> {
    return this.#known(workerId, (worker, resolve, reject) => {
      const role = roleOf(worker.host.machine, worker.slot, worker.generation);
      const { life } = worker.machine;
      if (role === 'current' && (isEligible(life) || life === 'suspended')) order(worker, resolve, reject);
      else reject(notRunning(workerId));
    });
  }

  #known(workerId: number, order: Order): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#parts.turns.post(() => {
        const worker = this.#parts.runner().workers.byId.get(workerId);
        if (worker === undefined) reject(new SluiceError('no-such-worker', `there is no worker ${workerId}`));
        else order(worker, resolve, reject);
      });
    });
  }

  #log(event: string, { id, pid, slot, host }: WorkerBook): void {
    const fields = { pool: host.pool.name, application: host.id, slot, worker: id, pid, why: 'on-demand' };
    this.#parts.logger.info(event, fields);
  }
}

function notRunning(workerId: number): SluiceError {
  const remedy = '`sluice worker list` shows the state of each worker.';
  return new SluiceError('worker-not-running', `worker ${workerId} is starting or leaving`, remedy);
}
