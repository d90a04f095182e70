/**
 * Starts Node applications inside our own host: the app is Node's real main script, the host a preload
 * that talks to the listeners over the link (fd 4) and to us over the control pipe (fd 3).
 */
import { join } from 'node:path';
import { shorten } from '../../../config/base/diagnostics.js';
import { SluiceError } from '../../../config/base/errors.js';
import { linkProtocolVersion, workerNoteCharsMax } from '../../../config/base/limits.js';
import { exportWaits, type HostToPrimary, noWatchdog } from '../../protocol/host-to-primary.js';
import { type PublishedReport, readReport } from '../../protocol/published-metrics.js';
import {
  type DumpWish,
  hostControlFd,
  hostWatchdogFd,
  type PrimaryToHost,
  type PrimaryToWatchdog,
} from '../../protocol/primary-to-host.js';
import { ControlChannel, type ControlEvents } from '../control-channel.js';
import type { Identity } from '../isolation/identity.js';
import type { Runtime, WorkerEvents, WorkerHandle, WorkerStart } from '../runtime.js';
import type { RuntimeParts } from '../runtime-parts.js';
import { StartError } from '../start-error.js';
import type { ProcessExit, WorkerProcess } from '../worker-process.js';
import { TenantNotes } from '../tenant-notes.js';
import { warmUpOf } from '../warm-up.js';
import { WorkerLife } from '../worker-life.js';
import { Dumps } from './dumps.js';
import { describeEarlyExit } from './early-exit.js';
import { besideEngines, type EnginesQuestion } from './engines.js';
import { type InProcessOptions, isWatched, startHostProcess } from './host-process.js';
import type { LinkSocket } from './link-socket.js';
import { SpareHosts } from './spare-hosts.js';
import { StallExaminer } from './stall-examiner.js';

export function createInProcessRuntime(parts: RuntimeParts, options: InProcessOptions): InProcessRuntime {
  const spares = new SpareHosts(parts, options);
  return {
    keepSpare: (request, told) => spares.keep(request, told),
    dropSpare: (applicationId) => spares.drop(applicationId),
    closeSpares: () => spares.close(),
    start(request: WorkerStart, events: WorkerEvents): WorkerHandle {
      return new InProcessWorker({ parts, options, spares }, request, events);
    },
  };
}

export interface InProcessRuntime extends Runtime {
  /** Ends the spare hosts and waits for that. */
  closeSpares(): Promise<void>;
}

interface Makings {
  readonly parts: RuntimeParts;
  readonly options: InProcessOptions;
  readonly spares: SpareHosts;
}

const statusOf = {
  failed: { status: 500, subStatus: 30 },
  late: { status: 500, subStatus: 37 },
  /** Nothing of the application's had its turn yet. */
  unprepared: { status: 500, subStatus: 0 },
} as const;

class InProcessWorker implements WorkerHandle {
  readonly #parts: RuntimeParts;
  readonly #options: InProcessOptions;
  readonly #spares: SpareHosts;
  readonly #request: WorkerStart;
  readonly #events: WorkerEvents;
  readonly #life: WorkerLife;
  #linkToken = '';
  #link: LinkSocket | null = null;
  #identity: Identity | null = null;
  #control: ControlChannel<PrimaryToHost> | null = null;
  #watchdog: ControlChannel<PrimaryToWatchdog> | null = null;
  #stalls: StallExaminer | null = null;
  /** What the host reported as the reason of a death that is about to come. */
  #fatal = '';
  /** What is known about an app that does not listen. */
  #waits = '';
  #pingId = 0;
  readonly #notes: TenantNotes;
  readonly #dumps: Dumps;

  constructor({ parts, options, spares }: Makings, request: WorkerStart, events: WorkerEvents) {
    this.#parts = parts;
    this.#options = options;
    this.#spares = spares;
    this.#request = request;
    this.#events = events;
    this.#life = new WorkerLife(parts, request, events, statusOf.failed);
    this.#dumps = new Dumps(parts.clock, (message) => this.#control?.send(message));
    this.#notes = new TenantNotes(parts.clock, (event, fields) => this.#life.note(event, fields));
    setImmediate(() => void this.#run());
  }

  ping(): void {
    this.#pingId = (this.#pingId + 1) % 0xffff_ffff;
    this.#control?.send({ type: 'ping', id: this.#pingId });
  }

  drain(): void {
    this.#control?.send({ type: 'drain' });
  }

  examine(capture: boolean): void {
    // A snapshot that was ordered stops the loop: silence is no fault of the application until its limit is over.
    if (this.#dumps.isBlocking) this.#events.examined('debugged', null);
    else this.#stalls?.examine(capture);
  }

  terminate(): void {
    this.#life.stopping = true;
    this.#life.process?.signal('SIGTERM');
  }

  check(): void {}

  suspend(): void {
    this.#life.process?.suspend();
  }

  resume(): void {
    this.#life.process?.resume();
  }

  orphan(): void {
    this.#life.orphan();
  }

  kill(): void {
    this.#life.stopping = true;
    this.#life.process?.kill();
  }

  async dump(wish: DumpWish): Promise<string> {
    const { folders, identities } = this.#parts;
    const { pool } = this.#request;
    const home = folders.ensure(pool.name, identities.forPool(pool)).home;
    try {
      return await this.#dumps.ask(wish, join(home, 'dumps'));
    } catch (error) {
      const blocked = error instanceof SluiceError && error.code === 'dump-unanswered';
      if (!blocked || wish.kind !== 'report') throw error;
      return this.#life.processReport();
    }
  }

  async #run(): Promise<void> {
    let exit: ProcessExit | null = null;
    try {
      const started = await this.#start();
      if (started !== null) exit = await started.exited;
    } catch (error) {
      this.#life.fail(StartError.from(error, statusOf.unprepared));
    }
    this.#life.cancelLimit();
    if (exit !== null && !this.#life.isReady && !this.#life.stopping) {
      const error = describeEarlyExit(exit, this.#fatal, this.#request.hosting.entry);
      this.#life.fail(await besideEngines(error, this.#engines()));
    }
    this.#stalls?.close();
    this.#watchdog?.close();
    this.#control?.close();
    this.#dumps.close();
    this.#published(null);
    this.#link?.close();
    this.#life.end(exit);
  }

  #engines(): EnginesQuestion {
    const { pool, application } = this.#request;
    return {
      nodePath: pool.nodePath ?? process.execPath,
      physicalPath: application.physicalPath,
      identity: this.#identity,
    };
  }

  /** Null when the worker was stopped before there was a process. */
  async #start(): Promise<WorkerProcess | null> {
    const spare = this.#spares.take(this.#request);
    const made =
      spare?.process ??
      (await startHostProcess(this.#parts, this.#options, {
        start: this.#request,
        isSpare: false,
        enter: (step) => this.#life.journey.enter(step),
        isCancelled: () => this.#life.stopping,
      }));
    if (made === null) return null;
    this.#link = made.link;
    this.#linkToken = made.linkToken;
    this.#identity = made.identity;
    this.#attach(made.worker, spare?.control ?? null);
    if (spare !== null) this.#control?.send({ type: 'start', slot: this.#request.slot });
    return made.worker;
  }

  #attach(worker: WorkerProcess, control: ControlChannel<PrimaryToHost> | null): void {
    this.#life.attach(worker);
    this.#life.journey.enter('hello');
    const limitMs = this.#request.pool.processModel.startupTimeLimitMs;
    this.#life.limit(limitMs, () =>
      lateError(`its host did not answer within ${limitMs} ms`, 'startupTimeLimit of the pool'),
    );
    const events = this.#hears('control pipe');
    this.#control = control ?? new ControlChannel(worker.pipe(hostControlFd), this.#parts.clock, events);
    this.#control.handTo(events);
    if (isWatched(this.#request)) {
      const pipe = worker.pipe(hostWatchdogFd);
      this.#watchdog = new ControlChannel(pipe, this.#parts.clock, this.#hears('pipe of the watchdog'));
    }
    this.#stalls = new StallExaminer(this.#parts.clock, worker.pid, this.#watchdog, (finding, report) =>
      this.#events.examined(finding, report),
    );
  }

  #hears(name: string): ControlEvents {
    return {
      message: (message) => this.#take(message),
      violation: (problem) => this.#life.violate(`${name}: ${problem}`),
    };
  }

  #take(message: HostToPrimary): void {
    if (this.#life.isOver) return;
    switch (message.type) {
      case 'waiting':
        // It was a spare host, taken before it had told.
        return;
      case 'hello':
        return this.#hello(message.protocol, message.node);
      case 'listening':
        return this.#listening();
      case 'warmed':
        return this.#warmed(message.status);
      case 'heartbeat':
        return this.#events.heartbeat(message);
      case 'metrics':
        return this.#published(readReport(message.families, message.left));
      case 'pong':
        return message.id === this.#pingId ? this.#events.pong() : undefined;
      case 'dumped':
        return this.#dumps.answered(message);
      case 'notice':
        return this.#notice(message.code, message.text);
      case 'refused':
        return this.#life.fail(
          new StartError('refused-by-host', message.text, 'Change the application, or set hostingModel: OutOfProcess.'),
        );
      case 'fatal':
        this.#fatal = message.text;
        return this.#notes.fatal(message.text);
      case 'stall-debugged':
      case 'stall-stack':
      case 'stall-profile':
        return this.#stalls?.take(message);
    }
  }

  /** Most apps that only seem to export listen later: that is told when they do not. */
  #notice(code: string, text: string): void {
    if (code === exportWaits && !this.#life.isReady) this.#waits = `; ${shorten(text, workerNoteCharsMax)}`;
    else this.#notes.notice(code, text);
    if (code === noWatchdog) this.#stalls?.withoutWatchdog();
  }

  #published(report: PublishedReport | null): void {
    this.#parts.onPublished(this.#request.pool.name, this.#request.workerId, report);
  }

  #hello(protocol: number, node: string): void {
    if (protocol !== linkProtocolVersion) return this.#life.violate(`host speaks protocol ${protocol}`);
    if (!this.#life.once('hello')) return;
    const limitMs = this.#request.hosting.startupTimeLimitMs;
    this.#life.limit(limitMs, () =>
      lateError(`the app did not listen within ${limitMs} ms${this.#waits}`, 'startupTimeLimit of the application'),
    );
    this.#life.journey.enter('listen');
    this.#events.hello(node);
  }

  #listening(): void {
    if (this.#link === null || !this.#life.once('listening')) return;
    const request = warmUpOf(this.#request);
    if (request === null) return this.#ready();
    this.#life.journey.enter('warm-up');
    this.#life.softenLimit(() => this.#warmed(0));
    this.#control?.send({ type: 'warm-up', ...request });
  }

  #warmed(status: number): void {
    if (warmUpOf(this.#request) === null || !this.#life.once('warmed')) return;
    this.#life.warmed(status);
    this.#ready();
  }

  #ready(): void {
    if (this.#link === null) return;
    this.#life.ready({ kind: 'link', socketPath: this.#link.path, linkToken: this.#linkToken });
  }
}

function lateError(cause: string, setting: string): StartError {
  return new StartError(
    'startup-timeout',
    cause,
    `Look at the output for what it waits for, or raise ${setting}.`,
    true,
    statusOf.late,
  );
}
