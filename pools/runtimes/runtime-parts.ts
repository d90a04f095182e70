/** What both runtimes share: one of each per primary, made by `createRuntimes`. */
import { join } from 'node:path';
import type { Clock } from '../../config/base/clock.js';
import type { Logger } from '../../config/base/logger.js';
import type { ServerConfig } from '../../config/model.js';
import type { PublishedReport } from '../protocol/published-metrics.js';
import type { Cgroups } from './cgroups/cgroups.js';
import { safeName } from './files.js';
import type { Guardian } from './guardian.js';
import type { Identities } from './isolation/identity.js';
import type { PoolFolderKeeper } from './isolation/pool-folders.js';
import type { Journal } from './journal.js';
import { type FileSink, openRotatingSink, type OutputSink, reopenSink } from './output-sinks.js';
import type { LimitWatch } from './limit-watch.js';
import { OutputTaps } from './output-taps.js';
import type { WorkerProcess } from './worker-process.js';
import type { WorkerUsers } from './worker-users.js';

export interface RuntimeParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<ServerConfig, 'runDir' | 'stateDir' | 'logDir'>;
  readonly identities: Identities;
  readonly guardian: Guardian;
  readonly journal: Journal;
  readonly folders: PoolFolderKeeper;
  readonly outputs: OutputFiles;
  readonly users: WorkerUsers;
  readonly cgroups: Cgroups;
  readonly limits: LimitWatch;
  /** A worker of this pool wrote faster than it may and is left unread for a second. */
  readonly onOutputPaused: (pool: string) => void;
  /** Metrics that an in-process worker published; null = it is gone. */
  readonly onPublished: (pool: string, workerId: number, report: PublishedReport | null) => void;
  /** Sick processes that nobody waits for any more; they end with this process. */
  readonly orphans: Set<WorkerProcess>;
}

/** `<logDir>/workers/<pool>/<application>.log` */
export function outputFileOf(logDir: string, pool: string, applicationId: string): string {
  return join(logDir, 'workers', safeName(pool), `${safeName(applicationId)}.log`);
}

/** The output files in use, one per application, shared by its workers. */
export class OutputFiles {
  readonly taps = new OutputTaps();
  readonly #logDir: string;
  readonly #logger: Logger;
  readonly #open = new Map<string, { readonly sink: FileSink | null; users: number }>();

  constructor(logDir: string, logger: Logger) {
    this.#logDir = logDir;
    this.#logger = logger;
  }

  pathOf(pool: string, applicationId: string): string {
    return outputFileOf(this.#logDir, pool, applicationId);
  }

  open(pool: string, applicationId: string): OutputSink | null {
    const path = this.pathOf(pool, applicationId);
    const entry = this.#open.get(path) ?? { sink: openRotatingSink(path, this.#logger), users: 0 };
    entry.users++;
    this.#open.set(path, entry);
    return entry.sink;
  }

  /** All of them were, or may have been, renamed. */
  reopen(): void {
    for (const [path, { sink }] of this.#open) if (sink !== null) reopenSink(sink, path, this.#logger);
  }

  async close(pool: string, applicationId: string): Promise<void> {
    const path = this.pathOf(pool, applicationId);
    const entry = this.#open.get(path);
    if (entry === undefined || --entry.users > 0) return;
    this.#open.delete(path);
    await entry.sink?.close();
  }
}
