/** One random history: pools, processes, listeners, clients and an administrator without patience. */
import { invariant } from '../../config/base/invariant.js';
import { type LogFields, type Logger, silentLogger } from '../../config/base/logger.js';
import type { ApplicationConfig, CompiledConfig, HostingConfig, PoolConfig } from '../../config/model.js';
import type { WorkerStart } from '../../pools/runtimes/runtime.js';
import type { SupervisorPort } from '../../pools/supervisor/ports.js';
import { createSupervisor } from '../../pools/supervisor/supervisor.js';
import { FakeClock } from '../support/fake-clock.js';
import { sampleApplication, sampleConfig, samplePool } from '../support/sample-pools.js';
import { FakeListeners } from './fake-listeners.js';
import { type Behaviour, type FakeProcess, FakeRuntime, goodProcess, measureFakes } from './fake-runtime.js';
import { Random } from './random.js';
import { ReceiptBook } from './receipt-book.js';
import { ReferenceCounts } from './reference-counts.js';

export class World {
  readonly clock = new FakeClock();
  readonly random: Random;
  readonly runtime: FakeRuntime;
  readonly listeners: FakeListeners;
  readonly supervisor: SupervisorPort;
  readonly counts: ReferenceCounts;
  readonly broken: unknown[] = [];
  readonly receipts = new ReceiptBook();
  readonly requestsTotal = new Map<number, number>();
  /** Applications that are offline, with the number of processes they had started when they were taken. */
  readonly #offline = new Map<string, number>();
  config: CompiledConfig;
  /** Nothing goes wrong any more. */
  calm = false;
  /** Share of starts that fail; drawn per history, so that some histories are only trouble. */
  readonly #badness: number;
  readonly #beats: boolean;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.#badness = this.random.pick([0, 0.1, 0.3, 0.9]);
    this.#beats = this.random.chance(0.2);
    const watch = {
      ending: (process: FakeProcess) => this.counts.ending(process, this.clock.monotonicMs()),
      ended: (process: FakeProcess) => this.#guard(() => this.counts.ended(process)),
    };
    this.runtime = new FakeRuntime(this.clock, (request) => this.#behave(request), watch);
    this.listeners = new FakeListeners(this.clock, {
      acknowledgeMs: () => (this.calm ? 1 : this.random.pick([0, 1, 5, 50, 2_000])),
      linkMs: () => (!this.calm && this.random.chance(0.03) ? null : this.random.between(1, 30)),
      requestMs: () => this.random.pick([1, 5, 100, 3_000]),
      isReady: (workerId) => this.#isReady(workerId),
      isSuspended: (workerId) => this.runtime.process(workerId)?.suspended === true,
    });
    this.counts = new ReferenceCounts(
      this.listeners,
      () => this.runtime.alive(),
      (process) => this.#isAside(process.request.workerId),
    );
    this.config = randomConfig(this.random);
    this.supervisor = this.#supervise();
    this.listeners.supervisor = this.supervisor;
  }

  #supervise(): SupervisorPort {
    const logger: Logger = {
      ...silentLogger,
      info: (event, fields) => this.log(event, fields),
      error: (event, fields) => {
        this.log(event, fields);
        const hung = event === 'worker-hung' ? this.runtime.process(Number(fields?.['worker'])) : undefined;
        if (hung !== undefined) this.counts.stalled(hung, this.clock.monotonicMs());
        if (event === 'application-rapid-fail') this.counts.noteTrip(String(fields?.['application']));
      },
    };
    const supervisor: SupervisorPort = createSupervisor({
      clock: this.clock,
      logger,
      runtimes: { inProcess: this.runtime, outOfProcess: this.runtime, runProgram: () => undefined },
      listeners: this.listeners,
      events: {
        workerStarted: () => undefined,
        workerExited: () => undefined,
        recycled: () => undefined,
        receipt: (_pool, receipt) => this.#guard(() => this.receipts.note(receipt)),
        rapidFail: (pool) => this.counts.noteTrip(pool),
        changed: () => this.counts.notePools(supervisor.view()),
      },
      invariantBroken: (error) => this.broken.push(error),
      verify: true,
      residentBytes: () => 0,
      measure: (pids) => measureFakes(this.runtime, pids),
    });
    return supervisor;
  }

  /** What happened, kept short; shown when a promise is broken. */
  readonly story: string[] = [];

  log(event: string, fields: LogFields = {}): void {
    this.story.push(`${this.clock.monotonicMs()} ${event} ${JSON.stringify(fields)}`);
  }

  /** One disturbance, then some time. */
  async step(): Promise<void> {
    this.#guard(() => this.disturb());
    await this.advance(this.random.pick([0, 1, 3, 10, 40, 120, 400, 1_000, 3_000, 20_000, 70_000]));
  }

  async advance(ms: number): Promise<void> {
    for (const process of this.runtime.alive()) process.inFlight = this.listeners.inFlight(process.request.workerId);
    await this.clock.advance(ms);
    this.#checkProcesses();
    const [first] = this.broken;
    if (first !== undefined) throw first;
  }

  disturb(): void {
    const { random, supervisor } = this;
    const what = random.between(0, 99);
    if (what < 45) this.listeners.request(this.anyApplication().id);
    else if (what < 50)
      for (let n = random.between(2, 6); n > 0; n -= 1) this.listeners.request(this.anyApplication().id);
    else if (what < 65) this.#anyProcess((process) => crash(process, random.pick([0, 1, null])));
    else if (what < 68) this.#anyProcess((process) => void (process.hung = true));
    else if (what < 69) this.#anyProcess((process) => void (process.hung = process.stopped = true));
    else if (what < 71) this.#anyProcess(({ request }) => this.#suspendOrResume(request.workerId));
    else if (what < 75) supervisor.recyclePool(this.anyPool().name, 'on-demand').catch(() => undefined);
    else if (what < 78) supervisor.stopPool(this.anyPool().name).catch(() => undefined);
    else if (what < 83) this.startByHand(this.anyPool().name).catch(() => undefined);
    else if (what < 89) this.#changeConfig();
    else if (what < 92) supervisor.busy(this.anyApplication().id);
    else if (what < 93) this.#orderWorker();
    else if (what < 94) this.#offlineOrOnline(this.anyApplication().id);
    else if (what < 95)
      this.#anyProcess(({ request, ready }) => ready && supervisor.unreachable(request.workerId, 'test'));
    else this.#reportActivity();
  }

  #offlineOrOnline(id: string): void {
    if (this.random.chance(0.5)) return this.online(id);
    this.supervisor.offline.take(id).catch(() => undefined);
    if (!this.#offline.has(id)) this.#offline.set(id, this.#startsOf(id));
  }

  /** Its failures are forgotten, as after a start by hand. */
  online(id: string): void {
    if (!this.#offline.delete(id)) return;
    this.counts.forgive(id);
    this.supervisor.offline.bring(id);
  }

  #startsOf(id: string): number {
    return this.runtime.processes.filter(({ request }) => request.application.id === id).length;
  }

  /** A started pool too: where none of an application's processes runs, its failures are forgotten. */
  startByHand(pool: string): Promise<void> {
    const { state, applications } = this.supervisor.viewOf(pool) ?? { state: 'Stopped', applications: [] };
    const waits = ['idle', 'failed', 'backing-off', 'rapid-failed'];
    if (state === 'Started') for (const one of applications) if (waits.includes(one.state)) this.counts.forgive(one.id);
    return this.supervisor.startPool(pool);
  }

  anyPool(): PoolConfig {
    return this.random.pick(this.config.pools);
  }

  anyApplication(): ApplicationConfig {
    return this.random.pick(this.config.applications);
  }

  apply(config: CompiledConfig): void {
    for (const application of config.applications) {
      const before = this.config.applications.find(({ id }) => id === application.id);
      if (JSON.stringify(before?.hosting) !== JSON.stringify(application.hosting)) this.counts.forgive(application.id);
    }
    this.config = config;
    this.supervisor.apply(config);
  }

  #changeConfig(): void {
    const chosen = this.anyApplication();
    const kind = this.random.between(0, 5);
    const applications = this.config.applications.map((application) =>
      application.id !== chosen.id || kind === 3 ? application : changed(application, this.random),
    );
    const pools = this.config.pools.map((pool) =>
      kind !== 3 || pool.name !== chosen.pool
        ? pool
        : { ...pool, processModel: { ...pool.processModel, maxProcesses: this.random.between(1, 3) } },
    );
    this.apply({ ...this.config, pools, applications });
  }

  #reportActivity(): void {
    for (const { id } of this.config.applications) {
      for (const { workerId } of this.listeners.eligible(id)) {
        const total = (this.requestsTotal.get(workerId) ?? 0) + this.random.between(0, 1);
        this.requestsTotal.set(workerId, total);
        this.supervisor.activity(workerId, this.listeners.inFlight(workerId), total);
      }
    }
  }

  #anyProcess(act: (process: FakeProcess) => unknown): void {
    const alive = this.runtime.alive().filter((process) => process.spawned);
    if (alive.length > 0) act(this.random.pick(alive));
  }

  #suspendOrResume(workerId: number): void {
    const { supervisor } = this;
    const order = this.random.chance(0.7) ? supervisor.orders.suspend(workerId) : supervisor.orders.resume(workerId);
    order.catch(() => undefined);
  }

  #orderWorker(): void {
    this.#anyProcess(({ request: { workerId } }) => {
      const done = this.random.chance(0.5)
        ? this.supervisor.orders.stop(workerId)
        : this.supervisor.orders.recycle(workerId);
      done.catch(() => undefined);
    });
  }

  #behave(request: WorkerStart): Behaviour {
    const { random } = this;
    const heartbeatMs = this.#beats && request.hosting.hostingModel === 'InProcess' ? 900 : null;
    if (this.calm) return { ...goodProcess, heartbeatMs };
    const bad = random.chance(this.#badness);
    return {
      start: bad ? random.pick(['fails', 'late', 'no-process', 'exits', 'never'] as const) : 'ready',
      startMs: random.pick([2, 20, 100, 900, 4_000]),
      exitCode: random.pick([0, 1]),
      stopMs: random.pick([1, 10, 500, 8_000, null]),
      heartbeatMs,
      quiet: random.chance(0.5),
      answersPings: random.chance(0.95),
      memoryBytes: random.pick([1, 1, 100, 250]) * 1_000_000,
    };
  }

  /** Workers that listeners were told of and whose process is gone. */
  servedAndLeft(): readonly number[] {
    const ids = this.runtime.processes.filter(({ exited }) => exited).map(({ request }) => request.workerId);
    return ids.filter((workerId) => this.listeners.everPublished(workerId));
  }

  #isReady(workerId: number): boolean {
    const process = this.runtime.process(workerId);
    return process !== undefined && process.ready && !process.exited && !process.hung && !process.suspended;
  }

  /** Unpublished, or not yet published again, without an order to end. */
  #isAside(workerId: number): boolean {
    const workers = this.supervisor.view().flatMap((pool) => pool.workers);
    const found = workers.find((worker) => worker.workerId === workerId);
    return found?.state === 'suspended' || found?.state === 'starting';
  }

  /** A slot has its worker, one that replaces it and a few that leave; no more. */
  #checkProcesses(): void {
    const perSlot = new Map<string, number>();
    for (const { request } of this.runtime.alive()) {
      const key = `${request.application.id}#${request.slot}`;
      perSlot.set(key, (perSlot.get(key) ?? 0) + 1);
    }
    for (const [id, starts] of this.#offline)
      invariant(this.#startsOf(id) === starts, `${id} starts while it is offline`);
    for (const [slot, count] of perSlot) invariant(count <= 5, `${slot} has ${count} processes`);
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.broken.push(error);
    }
  }
}

const healthCheck = { path: '/', intervalMs: 5_000, timeoutMs: 1_000, failures: 2 };

function crash(process: FakeProcess, code: number | null): void {
  process.die(code, code === null ? 'SIGSEGV' : null);
}

function changed(application: ApplicationConfig, random: Random): ApplicationConfig {
  if (application.hosting === null) return application;
  const value = String(random.between(0, 1_000_000));
  const hosting = { ...application.hosting, environmentVariables: [{ name: 'VERSION', value }] };
  return { ...application, hosting: random.chance(0.5) ? hosting : touched(application.hosting, value) };
}

function touched(hosting: HostingConfig, stamp: string): HostingConfig {
  return { ...hosting, restartFile: { path: '/srv/tmp/restart.txt', stamp } };
}

function randomConfig(random: Random): CompiledConfig {
  const pools: PoolConfig[] = [];
  const applications: ApplicationConfig[] = [];
  for (let n = random.between(1, 3); n > 0; n -= 1) {
    const pool = randomPool(`p${n}`, random);
    pools.push(pool);
    const inProcess = random.chance(0.5);
    for (let m = inProcess ? 1 : random.between(1, 2); m > 0; m -= 1) {
      applications.push(randomApplication(pool.name, `/p${n}a${m}`, inProcess, random));
    }
  }
  const config = sampleConfig(pools, applications, random.between(1, 4));
  const memoryBudgetBytes = random.pick([0, 0, 300_000_000]);
  return { ...config, server: { ...config.server, memoryBudgetBytes } };
}

function randomPool(name: string, random: Random): PoolConfig {
  return samplePool(name, {
    autoStart: random.chance(0.9),
    startMode: random.pick(['OnDemand', 'OnDemand', 'AlwaysRunning'] as const),
    processModel: {
      maxProcesses: random.between(1, 3),
      idleTimeoutMs: random.pick([0, 60_000]),
      idleTimeoutAction: random.pick(['Terminate', 'Suspend'] as const),
      startupTimeLimitMs: random.pick([5_000, 20_000]),
      shutdownTimeLimitMs: random.pick([1_000, 10_000, 90_000]),
      pingingEnabled: random.chance(0.5),
      pingIntervalMs: 5_000,
      pingResponseTimeMs: 10_000,
    },
    recycling: {
      disallowOverlappingRotation: random.chance(0.25),
      rolling: random.chance(0.5),
      periodicRestartTimeMs: random.pick([0, 0, 120_000]),
      periodicRestartRequests: random.pick([0, 0, 3]),
      periodicRestartMemoryBytes: random.pick([0, 0, 200_000_000]),
      periodicRestartPrivateMemoryBytes: random.pick([0, 0, 200_000_000]),
      periodicRestartScheduleMs: random.chance(0.1) ? [random.between(0, 86_399) * 1_000] : [],
    },
    failure: {
      rapidFailProtection: random.chance(0.8),
      rapidFailProtectionIntervalMs: random.pick([60_000, 300_000]),
      rapidFailProtectionMaxCrashes: random.between(1, 5),
      rapidFailProbeMs: random.pick([0, 30_000]),
      hangDetectionMs: random.pick([0, 10_000]),
      orphanWorkerProcess: random.chance(0.2),
    },
  });
}

function randomApplication(pool: string, path: string, inProcess: boolean, random: Random): ApplicationConfig {
  return sampleApplication(pool, path, {
    hosting: {
      hostingModel: inProcess ? 'InProcess' : 'OutOfProcess',
      restartFile: { path: '/srv/tmp/restart.txt', stamp: '' },
      processesPerApplication: random.between(1, 2),
      startupTimeLimitMs: random.pick([3_000, 10_000]),
      shutdownTimeLimitMs: random.pick([500, 5_000]),
      rapidFailsPerMinute: random.between(0, 4),
      healthCheck: !inProcess && random.chance(0.3) ? healthCheck : null,
    },
  });
}
