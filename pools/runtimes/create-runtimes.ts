/**
 * Both hosting models of one primary, over one set of shared parts: identities, guardian, journal,
 * folders and log files. Called once per process by the composition root.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../config/base/clock.js';
import { messageOf } from '../../config/base/errors.js';
import type { LogFields, Logger } from '../../config/base/logger.js';
import type { PoolConfig, ProgramConfig, ServerConfig } from '../../config/model.js';
import type { HostStartData } from '../protocol/primary-to-host.js';
import { BlackBoxes } from './black-boxes.js';
import type { Cgroups } from './cgroups/cgroups.js';
import type { StalledUs } from './cgroups/group-files.js';
import { EventPrograms } from './event-programs.js';
import type { Guardian } from './guardian.js';
import { linkSocketsIn } from './in-process/link-socket.js';
import { createInProcessRuntime } from './in-process/runtime.js';
import type { Identities } from './isolation/identity.js';
import { createPoolFolders } from './isolation/pool-folders.js';
import { createJournal, killLeftovers } from './journal.js';
import { LimitWatch } from './limit-watch.js';
import { createOutOfProcessRuntime } from './out-of-process/runtime.js';
import { workerSocketsIn } from './out-of-process/worker-socket.js';
import { describePushOut } from './push-out.js';
import type { Runtime, WorkerHandle } from './runtime.js';
import type { OutputTaps } from './output-taps.js';
import { OutputFiles, type RuntimeParts } from './runtime-parts.js';
import { WorkerUsers } from './worker-users.js';

export interface RuntimesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<ServerConfig, 'runDir' | 'stateDir' | 'logDir'>;
  readonly identities: Identities;
  readonly guardian: Guardian;
  readonly cgroups: Cgroups;
  /** Counts: output of a worker of this pool is left unread for a second. */
  readonly onOutputPaused?: (pool: string) => void;
  /** Metrics that an in-process worker published; null = it is gone. */
  readonly onPublished?: RuntimeParts['onPublished'];
  /** Forces a path of the in-process host; default 'auto'. */
  readonly hostPath?: HostStartData['path'];
  /** The bundled preload; default: `host.cjs` beside the compiled in-process runtime. */
  readonly hostFile?: string;
  /** The primary before us lives and runs workers of the same pools: as after `overlap('begins')`. */
  readonly isSuccessor?: boolean;
}

/**
 * Two primaries of one instance run workers of the same pools, under the same user ids and in the same temp folders.
 * `handed-over`: the other one stays, and what both use is its affair for good.
 */
export type Overlap = 'begins' | 'ends' | 'handed-over';

export interface Runtimes {
  readonly inProcess: Runtime;
  readonly outOfProcess: Runtime;
  /** The files of worker output are opened anew by their names. */
  reopenOutput(): void;
  readonly outputTaps: OutputTaps;
  readonly blackBoxes: BlackBoxes;
  /** How long something of the pool waited for CPU, memory or disk; empty where the kernel does not tell it. */
  stalled(pool: string): StalledUs;
  /** Limits of a new configuration for the pools that have workers. */
  configure(pools: readonly PoolConfig[]): void;
  /** Runs a program of the configuration for an event; its end is logged with the fields. */
  runProgram(program: ProgramConfig, about: LogFields): void;
  overlap(how: Overlap): void;
  /** Kills every worker that is still there, waits for their exits and removes sockets and temp folders. */
  close(): Promise<void>;
}

/**
 * Kills what an earlier primary left in this run folder, then makes both runtimes. The caller holds the
 * instance's lock. Throws when run, state or log folder cannot be made.
 */
export function createRuntimes(options: RuntimesOptions): Runtimes {
  const { clock, logger, config, identities, guardian, cgroups } = options;
  mkdirSync(config.runDir, { recursive: true, mode: 0o711 });
  for (const pid of killLeftovers(config.runDir)) logger.warn('leftover-worker-killed', { pid });
  removeSockets(config.runDir);
  const parts: RuntimeParts = {
    clock,
    logger,
    config,
    identities,
    guardian,
    journal: createJournal(config.runDir, (error) => logger.warn('journal-not-written', { error: messageOf(error) })),
    folders: createPoolFolders(config.stateDir),
    outputs: new OutputFiles(config.logDir, logger),
    users: new WorkerUsers(clock, logger),
    cgroups,
    limits: new LimitWatch(clock, logger, cgroups),
    onOutputPaused: options.onOutputPaused ?? (() => undefined),
    onPublished: options.onPublished ?? (() => undefined),
    orphans: new Set(),
  };
  parts.users.areShared = options.isSuccessor === true;
  let isHandedOver = false;
  const live = new LiveWorkers();
  const programs = new EventPrograms(clock, logger);
  logger.info('suspended-workers', { memory: describePushOut() });
  const hostFile = options.hostFile ?? fileURLToPath(new URL('in-process/host.cjs', import.meta.url));
  const inProcess = createInProcessRuntime(parts, { hostFile, hostPath: options.hostPath ?? 'auto' });
  return {
    inProcess: { ...live.watching(inProcess), ...sparesOf(inProcess) },
    outOfProcess: live.watching(createOutOfProcessRuntime(parts)),
    reopenOutput: () => parts.outputs.reopen(),
    outputTaps: parts.outputs.taps,
    blackBoxes: new BlackBoxes(config.logDir, logger),
    stalled: (pool) => cgroups.stalled(pool),
    configure(pools) {
      cgroups.configure(pools);
      parts.limits.configure(pools);
    },
    runProgram: (program, about) => programs.run(program, about),
    overlap(how) {
      isHandedOver = how === 'handed-over';
      parts.users.areShared = how !== 'ends';
      guardian.shareUsers(how !== 'ends');
    },
    async close() {
      programs.close();
      await inProcess.closeSpares();
      await live.killAll();
      for (const orphan of parts.orphans) orphan.kill();
      await Promise.all([...parts.orphans].map((orphan) => orphan.exited));
      parts.limits.close();
      cgroups.close();
      if (!isHandedOver) await parts.folders.removeTemp();
      removeSockets(config.runDir);
      parts.journal.close();
    },
  };
}

function sparesOf(runtime: Runtime): Pick<Runtime, 'keepSpare' | 'dropSpare'> {
  return {
    keepSpare: (request, events) => runtime.keepSpare?.(request, events) ?? false,
    dropSpare: (applicationId) => runtime.dropSpare?.(applicationId),
  };
}

/** Only while no worker runs: their folders belong to them. */
function removeSockets(runDir: string): void {
  for (const folder of [linkSocketsIn(runDir), workerSocketsIn(runDir)]) {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every worker between `start` and `exited`, so that closing can wait for the last. */
class LiveWorkers {
  readonly #live = new Set<WorkerHandle>();
  #whenEmpty: (() => void)[] = [];

  watching(runtime: Runtime): Runtime {
    return {
      start: (request, events) => {
        const handle = runtime.start(request, {
          spawned: (pid) => events.spawned(pid),
          hello: (node) => events.hello(node),
          ready: (endpoint, journey) => events.ready(endpoint, journey),
          startFailed: (failure) => events.startFailed(failure),
          heartbeat: (beat) => events.heartbeat(beat),
          pong: () => events.pong(),
          examined: (finding, report) => events.examined(finding, report),
          checked: (healthy) => events.checked(healthy),
          exited: (exit) => {
            this.#forget(handle);
            events.exited(exit);
          },
        });
        this.#live.add(handle);
        return handle;
      },
    };
  }

  async killAll(): Promise<void> {
    for (const handle of this.#live) handle.kill();
    if (this.#live.size > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  #forget(handle: WorkerHandle): void {
    this.#live.delete(handle);
    if (this.#live.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}
