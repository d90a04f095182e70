/**
 * The spare of an application (pool setting `spareHost`): its host is started, nothing of the app is loaded.
 * The next worker of exactly that configuration takes it over.
 */
import { messageOf } from '../../../config/base/errors.js';
import type { SpareRequest, WorkerStart } from '../runtime.js';
import type { RuntimeParts } from '../runtime-parts.js';
import { type HostProcess, type InProcessOptions, startHostProcess } from './host-process.js';

interface Spare {
  readonly request: SpareRequest;
  isDropped: boolean;
  /** Null while it is being started. */
  process: HostProcess | null;
  /** Settles when nothing of it is left, or a worker has it. */
  over: Promise<void>;
}

export class SpareHosts {
  readonly #parts: RuntimeParts;
  readonly #options: InProcessOptions;
  /** By application id. */
  readonly #spares = new Map<string, Spare>();
  readonly #ending = new Set<Promise<void>>();

  constructor(parts: RuntimeParts, options: InProcessOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Harmless when there is one of this configuration; one of an older configuration goes. */
  keep(request: SpareRequest): void {
    const { id } = request.application;
    const known = this.#spares.get(id);
    if (known !== undefined && isFor(known.request, request)) return;
    this.drop(id);
    const spare: Spare = { request, isDropped: false, process: null, over: Promise.resolve() };
    this.#spares.set(id, spare);
    spare.over = this.#run(spare);
    this.#ending.add(spare.over);
    void spare.over.finally(() => this.#ending.delete(spare.over));
  }

  drop(applicationId: string): void {
    const spare = this.#spares.get(applicationId);
    if (spare === undefined) return;
    this.#spares.delete(applicationId);
    spare.isDropped = true;
    spare.process?.worker.kill();
  }

  /** The waiting process for this start, which is the caller's from now on; null = there is none. */
  take(start: WorkerStart): HostProcess | null {
    const spare = this.#spares.get(start.application.id);
    const process = spare?.process ?? null;
    if (spare === undefined || process === null || !isFor(spare.request, start)) return null;
    this.#spares.delete(start.application.id);
    spare.process = null;
    return process;
  }

  /** Ends all of them; resolves when they are gone. */
  async close(): Promise<void> {
    for (const id of this.#spares.keys()) this.drop(id);
    await Promise.all(this.#ending);
  }

  async #run(spare: Spare): Promise<void> {
    const { id } = spare.request.application;
    try {
      const start = { ...spare.request, workerId: 0, slot: 0, generation: 0 };
      const enter = (): void => undefined;
      const made = await startHostProcess(this.#parts, this.#options, {
        start,
        isSpare: true,
        enter,
        isCancelled: () => spare.isDropped,
      });
      if (made === null) return;
      spare.process = made;
      if (spare.isDropped) made.worker.kill();
      await made.worker.exited;
      if (spare.process !== null) made.link.close();
    } catch (error) {
      // The start of a worker will meet the same trouble, and tells of it.
      this.#parts.logger.debug('spare-host-failed', { application: id, cause: messageOf(error) });
    }
    if (this.#spares.get(id) === spare) this.#spares.delete(id);
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
