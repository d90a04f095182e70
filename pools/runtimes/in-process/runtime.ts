/**
 * Starts Node applications inside our own host: the app is Node's real main script, the host a preload
 * that talks to the listeners over the link (fd 4) and to us over the control pipe (fd 3).
 */
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { shorten } from '../../../config/base/diagnostics.js';
import { SluiceError } from '../../../config/base/errors.js';
import { linkProtocolVersion, workerNoteCharsMax } from '../../../config/base/limits.js';
import { env } from '../../integration/contract.js';
import { exportWaits, type HostToPrimary } from '../../protocol/host-to-primary.js';
import {
  type DumpKind,
  hostControlFd,
  type HostStartData,
  hostStartVariable,
  hostWatchdogFd,
  type PrimaryToHost,
  type PrimaryToWatchdog,
} from '../../protocol/primary-to-host.js';
import { ControlChannel } from '../control-channel.js';
import { configuredValue, isInspected, siteVariables } from '../hosted-environment.js';
import { processLimits } from '../isolation/confinement.js';
import { buildEnvironment, type PoolFolders } from '../isolation/environment.js';
import type { Identity } from '../isolation/identity.js';
import { mustHaveSandbox, programFolder, sandboxView } from '../isolation/sandbox.js';
import type { Runtime, WorkerEvents, WorkerHandle, WorkerStart } from '../runtime.js';
import type { RuntimeParts } from '../runtime-parts.js';
import { StartError } from '../start-error.js';
import { type ProcessExit, WorkerProcess } from '../worker-process.js';
import { TenantNotes } from '../tenant-notes.js';
import { WorkerLife } from '../worker-life.js';
import { inProcessCommand } from './command.js';
import { Dumps } from './dumps.js';
import { describeEarlyExit } from './early-exit.js';
import { besideEngines, type EnginesQuestion } from './engines.js';
import { createLinkSocket, type LinkSocket } from './link-socket.js';
import { StallExaminer } from './stall-examiner.js';

export interface InProcessOptions {
  readonly hostFile: string;
  readonly hostPath: HostStartData['path'];
}

export function createInProcessRuntime(parts: RuntimeParts, options: InProcessOptions): Runtime {
  return {
    start(request: WorkerStart, events: WorkerEvents): WorkerHandle {
      return new InProcessWorker(parts, options, request, events);
    },
  };
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
  readonly #request: WorkerStart;
  readonly #events: WorkerEvents;
  readonly #life: WorkerLife;
  readonly #linkToken = randomBytes(16).toString('hex');
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

  constructor(parts: RuntimeParts, options: InProcessOptions, request: WorkerStart, events: WorkerEvents) {
    this.#parts = parts;
    this.#options = options;
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
    this.#stalls?.examine(capture);
  }

  terminate(): void {
    this.#life.stopping = true;
    this.#life.process?.signal('SIGTERM');
  }

  kill(): void {
    this.#life.stopping = true;
    this.#life.process?.kill();
  }

  async dump(kind: DumpKind): Promise<string> {
    const { folders, identities } = this.#parts;
    const { pool } = this.#request;
    const home = folders.ensure(pool.name, identities.forPool(pool)).home;
    try {
      return await this.#dumps.ask(kind, join(home, 'dumps'));
    } catch (error) {
      const blocked = error instanceof SluiceError && error.code === 'dump-unanswered';
      if (!blocked || kind === 'heap') throw error;
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
    const { journey } = this.#life;
    const { pool, application, hosting } = this.#request;
    journey.enter('identity');
    const identity = this.#parts.identities.forPool(pool);
    this.#identity = identity;
    journey.enter('files');
    const folders = this.#parts.folders.ensure(pool.name, identity);
    const command = await inProcessCommand({
      nodePath: pool.nodePath ?? process.execPath,
      hostFile: this.#options.hostFile,
      physicalPath: application.physicalPath,
      hosting,
      pool: pool.name,
      identity,
      permissions: pool.nodePermissions,
      folders,
      optionsVariable: configuredValue(this.#request, 'NODE_OPTIONS') ?? '',
    });
    if (pool.isolation === 'sandbox') await mustHaveSandbox(identity);
    journey.enter('socket');
    const link = createLinkSocket(this.#parts.config.runDir, this.#parts.identities.forListeners()?.gid ?? null);
    this.#link = link;
    if (this.#life.stopping) return null;
    journey.enter('spawn');
    const worker = await WorkerProcess.start(this.#parts, this.#request, {
      file: command.nodePath,
      args: command.args,
      cwd: application.physicalPath,
      confinement: {
        identity,
        limits: processLimits(pool, identity),
        sandbox: sandboxView({
          pool,
          physicalPath: application.physicalPath,
          folders,
          readable: [programFolder(command.nodePath), dirname(this.#options.hostFile)],
          writable: [],
        }),
      },
      environment: this.#environment(identity, folders),
      umask: 0o022,
      output: 'read',
      extra: this.#isWatched() ? ['pipe', link.fd, 'pipe'] : ['pipe', link.fd],
    });
    this.#attach(worker);
    return worker;
  }

  #environment(identity: Identity | null, folders: PoolFolders): Map<string, string> {
    const port = this.#port();
    const startData: HostStartData = {
      protocol: linkProtocolVersion,
      linkToken: this.#linkToken,
      slot: this.#request.slot,
      poolName: this.#request.pool.name,
      appPort: this.#request.hosting.port,
      envPort: port,
      watchdog: this.#isWatched(),
      path: this.#options.hostPath,
    };
    return buildEnvironment({
      identity,
      folders,
      pool: this.#request.pool,
      application: this.#request.hosting.environmentVariables,
      defaults: new Map(),
      fixed: new Map([
        ...siteVariables(this.#request),
        [env.genericPort, String(port)],
        [hostStartVariable, JSON.stringify(startData)],
      ]),
    });
  }

  /** PORT: what the configuration says if it is a port, else the first binding's, so that printed addresses work. */
  #port(): number {
    const configured = Number(configuredValue(this.#request, env.genericPort) ?? 0);
    if (Number.isInteger(configured) && configured > 0 && configured <= 65_535) return configured;
    return this.#request.site.bindings[0]?.port ?? 80;
  }

  #attach(worker: WorkerProcess): void {
    this.#life.attach(worker);
    this.#life.journey.enter('hello');
    const limitMs = this.#request.pool.processModel.startupTimeLimitMs;
    this.#life.limit(limitMs, () =>
      lateError(`its host did not answer within ${limitMs} ms`, 'startupTimeLimit of the pool'),
    );
    this.#control = this.#channel(worker, hostControlFd, 'control pipe');
    if (this.#isWatched()) this.#watchdog = this.#channel(worker, hostWatchdogFd, 'pipe of the watchdog');
    this.#stalls = new StallExaminer(this.#parts.clock, worker.pid, this.#watchdog, (finding, report) =>
      this.#events.examined(finding, report),
    );
  }

  #channel<Sent>(worker: WorkerProcess, fd: number, name: string): ControlChannel<Sent> {
    return new ControlChannel<Sent>(worker.pipe(fd), this.#parts.clock, {
      message: (message) => this.#take(message),
      violation: (problem) => this.#life.violate(`${name}: ${problem}`),
    });
  }

  #isWatched(): boolean {
    return this.#request.pool.failure.hangDetectionMs > 0 && !isInspected(this.#request.hosting);
  }

  #take(message: HostToPrimary): void {
    switch (message.type) {
      case 'hello':
        return this.#hello(message.protocol);
      case 'listening':
        return this.#listening();
      case 'heartbeat':
        return this.#events.heartbeat(message);
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
  }

  #hello(protocol: number): void {
    if (protocol !== linkProtocolVersion) return this.#life.violate(`host speaks protocol ${protocol}`);
    if (!this.#life.once('hello')) return;
    const limitMs = this.#request.hosting.startupTimeLimitMs;
    this.#life.limit(limitMs, () =>
      lateError(`the app did not listen within ${limitMs} ms${this.#waits}`, 'startupTimeLimit of the application'),
    );
    this.#life.journey.enter('listen');
    this.#events.hello();
  }

  #listening(): void {
    if (this.#link === null || !this.#life.once('listening')) return;
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
