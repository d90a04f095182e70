/** Real runtimes over folders of their own, and a record of everything that a worker's events said. */
import { noRates } from '../../support/routes.js';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { LogFields, Logger } from '../../../config/base/logger.js';
import type { ApplicationConfig, HostingConfig, PoolConfig, SiteConfig } from '../../../config/model.js';
import type { UpstreamEndpoint } from '../../../pools/protocol/snapshot.js';
import { createRuntimes, type Runtimes, type RuntimesOptions } from '../../../pools/runtimes/create-runtimes.js';
import { type CgroupOptions, type Cgroups, createCgroups } from '../../../pools/runtimes/cgroups/cgroups.js';
import { createGuardian, type Guardian } from '../../../pools/runtimes/guardian.js';
import { createIdentities, type Identities } from '../../../pools/runtimes/isolation/identity.js';
import type { Heartbeat, StartFailure, WorkerExit, WorkerHandle } from '../../../pools/runtimes/runtime.js';
import { systemClock } from '../../../server/primary/clock.js';
import { app } from '../../support/paths.js';
import { type PoolChanges, sampleApplication, samplePool } from '../../support/sample-pools.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until, within } from '../../support/time.js';

export const misbehaving = realpathSync(app('misbehaving'));

export interface LogLine extends LogFields {
  readonly event: string;
}

/** Keeps what was logged, for expectations and for messages of failed waits. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = [];
  debug(event: string, fields: LogFields = {}): void {
    this.lines.push({ ...fields, event });
  }
  info(event: string, fields: LogFields = {}): void {
    this.debug(event, fields);
  }
  warn(event: string, fields: LogFields = {}): void {
    this.debug(event, fields);
  }
  error(event: string, fields: LogFields = {}): void {
    this.debug(event, fields);
  }
  has(event: string): boolean {
    return this.count(event) > 0;
  }
  count(event: string): number {
    return this.lines.filter((line) => line.event === event).length;
  }
}

/** What the supervisor would have been told about one worker. */
export class ObservedWorker {
  readonly pids: number[] = [];
  readonly beats: Heartbeat[] = [];
  readonly order: string[] = [];
  pongs = 0;
  endpoint: UpstreamEndpoint | null = null;
  failure: StartFailure | null = null;
  exit: WorkerExit | null = null;
  handle: WorkerHandle | null = null;

  get pid(): number {
    return this.pids.at(-1) ?? -1;
  }

  describe(): string {
    return JSON.stringify({ order: this.order, failure: this.failure, exit: this.exit }, null, 1);
  }

  whenReady(): Promise<UpstreamEndpoint> {
    const state = (): string => this.describe();
    return until('the worker is ready', () => this.endpoint ?? (this.exit === null ? null : refuseExit(this)), {
      withinMs: 60_000,
      state,
    });
  }

  whenExited(): Promise<WorkerExit> {
    return until('the worker has exited', () => this.exit, { withinMs: 60_000, state: () => this.describe() });
  }

  async whenFailed(): Promise<StartFailure> {
    await this.whenExited();
    if (this.failure === null) throw new Error(`no failure was told\n${this.describe()}`);
    return this.failure;
  }
}

function refuseExit(worker: ObservedWorker): never {
  throw new Error(`the worker ended before it was ready\n${worker.describe()}`);
}

export interface StartOptions {
  readonly physicalPath: string;
  readonly hosting: Partial<HostingConfig>;
  readonly pool?: PoolChanges;
  readonly path?: string;
}

export class RuntimeHarness {
  readonly folder = tempFolder('rt');
  readonly logger = new RecordingLogger();
  readonly guardian: Guardian;
  readonly cgroups: Cgroups;
  readonly identities: Identities;
  readonly runtimes: Runtimes;
  readonly runDir = join(this.folder, 'run');
  readonly stateDir = join(this.folder, 'state');
  readonly logDir = join(this.folder, 'log');
  /** Pools, once for each second that output was left unread. */
  readonly outputPauses: string[] = [];
  #workers = 0;

  constructor(
    options: { readonly isolate?: boolean; readonly cgroups?: Pick<CgroupOptions, 'sources'> } & Partial<
      Pick<RuntimesOptions, 'hostFile' | 'hostPath'>
    > = {},
  ) {
    for (const folder of [this.runDir, this.stateDir, this.logDir]) mkdirSync(folder, { mode: 0o711 });
    const { logger, runDir, stateDir, logDir } = this;
    this.cgroups = createCgroups({ runDir, clock: systemClock, logger, ...options.cgroups });
    this.guardian = createGuardian(logger, runDir, this.cgroups.starts);
    this.identities = createIdentities({
      config: { stateDir, identityRange: { first: 52_000, last: 52_999 } },
      logger,
      isolate: options.isolate ?? false,
    });
    this.runtimes = createRuntimes({
      clock: systemClock,
      logger,
      config: { runDir, stateDir, logDir },
      identities: this.identities,
      guardian: this.guardian,
      cgroups: this.cgroups,
      onPublished: () => undefined,
      onOutputPaused: (pool) => this.outputPauses.push(pool),
      ...(options.hostFile === undefined ? {} : { hostFile: options.hostFile }),
      ...(options.hostPath === undefined ? {} : { hostPath: options.hostPath }),
    });
  }

  start(options: StartOptions): ObservedWorker {
    const worker = new ObservedWorker();
    const application = applicationOf(options);
    const { hosting } = application;
    if (hosting === null) throw new Error('tests always give a hosting');
    const runtime = hosting.hostingModel === 'InProcess' ? this.runtimes.inProcess : this.runtimes.outOfProcess;
    const note = (what: string): number => worker.order.push(what);
    const workerId = ++this.#workers;
    worker.handle = runtime.start(
      { workerId, slot: 1, generation: 1, pool: poolOf(options), application, hosting, site },
      {
        spawned: (pid) => void (note('spawned'), worker.pids.push(pid)),
        hello: () => void note('hello'),
        ready: (endpoint) => void (note('ready'), (worker.endpoint = endpoint)),
        startFailed: (failure) => void (note('startFailed'), (worker.failure = failure)),
        heartbeat: (beat) => void worker.beats.push(beat),
        examined: (finding) => void note(`examined ${finding}`),
        pong: () => void worker.pongs++,
        checked: () => undefined,
        exited: (exit) => void (note('exited'), (worker.exit = exit)),
      },
    );
    return worker;
  }

  async close(): Promise<void> {
    await within(30_000, 'the runtimes close', this.runtimes.close());
    await within(30_000, 'the guardian ends', this.guardian.close());
    this.identities.close();
    removeFolder(this.folder);
  }
}

const site: SiteConfig = {
  id: 3,
  name: 'main',
  bindings: [{ protocol: 'http', address: '*', port: 8080, host: '', proxyProtocol: [], h2c: false, tls: null }],
  limits: { ...noRates, connectionTimeoutMs: 120_000, maxConnections: 1_000, maxConnectionsPerAddress: 0 },
  strictTransportSecurity: '',
  redirectPort: 0,
  logFile: 'central',
  tracing: null,
};

function poolOf({ pool = {} }: StartOptions): PoolConfig {
  const processModel = { startupTimeLimitMs: 30_000, pingingEnabled: true, ...pool.processModel };
  return samplePool('shop', { isolation: 'user', ...pool, processModel });
}

function applicationOf({ path, physicalPath, hosting }: StartOptions): ApplicationConfig {
  return sampleApplication('shop', path, {
    physicalPath,
    hosting: {
      hostingModel: 'OutOfProcess',
      processPath: '',
      entry: '',
      startupTimeLimitMs: 30_000,
      stdoutLogFile: './logs/stdout',
      ...hosting,
    },
  });
}
