/**
 * The spare of an application (pool setting `spareHost`): its host is started, nothing of the app is loaded.
 * The next worker of exactly that configuration takes it over.
 */
import { messageOf } from '../../../config/base/errors.js';
import { startGateHoldMs } from '../../../config/base/limits.js';
import { hostControlFd, type PrimaryToHost } from '../../protocol/primary-to-host.js';
import { ControlChannel } from '../control-channel.js';
import type { SpareEvents, SpareRequest, WorkerStart } from '../runtime.js';
import type { RuntimeParts } from '../runtime-parts.js';
import { type HostProcess, type InProcessOptions, startHostProcess } from './host-process.js';

export interface SpareHost {
  readonly process: HostProcess;
  /** Its control pipe; the taker listens from now on. */
  readonly control: ControlChannel<PrimaryToHost>;
}

interface Spare {
  readonly request: SpareRequest;
  readonly events: SpareEvents;
  /** Dropped, or taken over: its end concerns nobody here. */
  isGiven: boolean;
  /** Null until its process runs. */
  host: SpareHost | null;
  /** It starts no more: the next one may. */
  settle: () => void;
  /** Settles when nothing of it is left, or a worker has it. */
  over: Promise<void>;
}

export class SpareHosts {
  readonly #parts: RuntimeParts;
  readonly #options: InProcessOptions;
  /** By application id. */
  readonly #spares = new Map<string, Spare>();
  readonly #ending = new Set<Promise<void>>();
  /** They start one after the other: a machine full of pools is not kept busy by what nobody waits for. */
  #earlier: Promise<void> = Promise.resolve();

  constructor(parts: RuntimeParts, options: InProcessOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** False when there is one of this configuration; one of an older configuration goes. */
  keep(request: SpareRequest, events: SpareEvents): boolean {
    const { id } = request.application;
    const known = this.#spares.get(id);
    if (known !== undefined && isFor(known.request, request)) return false;
    this.drop(id);
    const spare: Spare = {
      request,
      events,
      isGiven: false,
      host: null,
      settle: () => undefined,
      over: Promise.resolve(),
    };
    this.#spares.set(id, spare);
    const earlier = this.#earlier;
    const settled = new Promise<void>((resolve) => (spare.settle = resolve));
    this.#earlier = earlier.then(() => settled);
    spare.over = earlier.then(() => this.#run(spare));
    this.#ending.add(spare.over);
    void spare.over.finally(() => this.#ending.delete(spare.over));
    return true;
  }

  drop(applicationId: string): void {
    const spare = this.#spares.get(applicationId);
    if (spare === undefined) return;
    this.#give(spare);
    spare.host?.process.worker.kill();
  }

  /** The process for this start, which is the caller's from now on; null = there is none. */
  take(start: WorkerStart): SpareHost | null {
    const spare = this.#spares.get(start.application.id);
    const host = spare?.host ?? null;
    if (spare === undefined || host === null || !isFor(spare.request, start)) return null;
    this.#give(spare);
    spare.host = null;
    spare.events.taken();
    return host;
  }

  /** Ends all of them; resolves when they are gone. */
  async close(): Promise<void> {
    for (const id of this.#spares.keys()) this.drop(id);
    await Promise.all(this.#ending);
  }

  #give(spare: Spare): void {
    this.#spares.delete(spare.request.application.id);
    spare.isGiven = true;
    spare.settle();
  }

  async #run(spare: Spare): Promise<void> {
    const about = { pool: spare.request.pool.name, application: spare.request.application.id };
    const { clock, logger } = this.#parts;
    const cancelHold = clock.setTimer(startGateHoldMs, spare.settle);
    try {
      const process = await this.#start(spare);
      if (process !== null) {
        spare.host = { process, control: this.#listen(spare, process) };
        if (spare.isGiven) process.worker.kill();
        const { code, signal, outputTail } = await process.worker.exited;
        // A worker has it otherwise.
        if (spare.host !== null) process.link.close();
        if (!spare.isGiven) {
          logger.warn('spare-host-ended', { ...about, pid: process.worker.pid, code, signal, output: outputTail });
        }
      }
    } catch (error) {
      // The start of a worker will meet the same trouble, and tells of it.
      logger.debug('spare-host-failed', { ...about, cause: messageOf(error) });
    }
    cancelHold();
    if (spare.isGiven) return;
    this.#give(spare);
    spare.events.ended();
  }

  async #start(spare: Spare): Promise<HostProcess | null> {
    if (spare.isGiven) return null;
    return startHostProcess(this.#parts, this.#options, {
      start: { ...spare.request, workerId: 0, slot: 0, generation: 0 },
      isSpare: true,
      enter: () => undefined,
      isCancelled: () => spare.isGiven,
    });
  }

  #listen(spare: Spare, { worker }: HostProcess): ControlChannel<PrimaryToHost> {
    const violation = (problem: string): void => {
      const { pool, application } = spare.request;
      this.#parts.logger.warn('worker-violation', { pool: pool.name, application: application.id, problem });
      worker.kill();
    };
    return new ControlChannel<PrimaryToHost>(worker.pipe(hostControlFd), this.#parts.clock, {
      violation,
      message: ({ type }) => {
        if (type !== 'waiting') return violation(`a spare host says ${type}`);
        spare.settle();
        if (!spare.isGiven) spare.events.waiting();
      },
    });
  }
}

/** Configuration objects are replaced as a whole when anything in them changes. */
function isFor(spare: SpareRequest, wanted: SpareRequest): boolean {
  return (
    spare.pool === wanted.pool &&
    spare.application === wanted.application &&
    spare.hosting === wanted.hosting &&
    spare.site === wanted.site
  );
}
