/**
 * Starts any program that serves HTTP where it is told: the protocol of the ASP.NET Core Module.
 * One start is two attempts (startupRetryCount), each with a port or socket of its own; all share the pairing token.
 */
import { SluiceError } from '../../../config/base/errors.js';
import { exitBehindConnectionMs, shutdownAnswerTimeoutMs } from '../../../config/base/limits.js';
import { env, shutdownStatus } from '../../integration/contract.js';
import type { DumpKind, DumpWish } from '../../protocol/primary-to-host.js';
import { configuredValue } from '../hosted-environment.js';
import { processLimits } from '../isolation/confinement.js';
import type { PoolFolders } from '../isolation/environment.js';
import type { Identity } from '../isolation/identity.js';
import { mustHaveSandbox, programFolder, type SandboxView, sandboxView } from '../isolation/sandbox.js';
import type { Runtime, WorkerEvents, WorkerHandle, WorkerStart } from '../runtime.js';
import type { RuntimeParts } from '../runtime-parts.js';
import { StartError } from '../start-error.js';
import { warmUpOf } from '../warm-up.js';
import { WorkerLife } from '../worker-life.js';
import { type ProcessExit, WorkerProcess } from '../worker-process.js';
import { type ResolvedCommand, resolveCommand } from './commands.js';
import { type Address, type Assignment, endpointOf } from './address.js';
import { canConnect, checkHealth, requestShutdown, requestWarmUp } from './connect.js';
import { expandPort, outOfProcessEnvironment, pairingToken } from './environment.js';
import { describeExit } from './exit-cause.js';
import { mustReachProgram } from './program-access.js';
import { Ports } from './ports-in-use.js';
import { ReadinessWatch } from './readiness-watch.js';
import { assignSocket } from './worker-socket.js';

export function createOutOfProcessRuntime(parts: RuntimeParts): Runtime {
  const ports = new Ports();
  return {
    start(request: WorkerStart, events: WorkerEvents): WorkerHandle {
      return new OutOfProcessWorker(parts, ports, request, events);
    },
  };
}

/** What the attempts of one start have in common. */
interface Plan {
  readonly identity: Identity | null;
  readonly folders: PoolFolders;
  readonly command: ResolvedCommand;
  readonly token: string;
}

interface AttemptEnd {
  readonly exit: ProcessExit;
  /** null: the worker was ready, or the supervisor ended it. */
  readonly error: StartError | null;
}

class OutOfProcessWorker implements WorkerHandle {
  readonly #parts: RuntimeParts;
  readonly #ports: Ports;
  readonly #request: WorkerStart;
  readonly #events: WorkerEvents;
  readonly #life: WorkerLife;
  #plan: Plan | null = null;
  #address: Address | null = null;

  constructor(parts: RuntimeParts, ports: Ports, request: WorkerStart, events: WorkerEvents) {
    this.#parts = parts;
    this.#ports = ports;
    this.#request = request;
    this.#events = events;
    this.#life = new WorkerLife(parts, request, events, { status: 502, subStatus: 5 });
    setImmediate(() => void this.#run());
  }

  ping(): void {
    if (this.#address === null) return;
    void canConnect(this.#parts.clock, this.#address).then((accepted) => {
      if (accepted && this.#address !== null && !this.#life.isOver) this.#events.pong();
    });
  }

  /** It has no heartbeat that could be missing. */
  examine(): void {}

  /** Listeners send no new requests; the program itself is told nothing. */
  drain(): void {}

  terminate(): void {
    this.#life.stopping = true;
    void this.#askToStop();
  }

  check(): void {
    const { healthCheck } = this.#request.hosting;
    if (this.#address === null || this.#plan === null || healthCheck === null) return;
    void checkHealth(this.#parts.clock, {
      address: this.#address,
      protocol: this.#request.hosting.protocol,
      applicationPath: this.#request.application.path,
      token: this.#plan.token,
      limitMs: healthCheck.timeoutMs,
      path: healthCheck.path,
    }).then((healthy) => {
      if (!this.#life.isOver) this.#events.checked(healthy);
    });
  }

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

  /** Programs write no report that we could ask for; the kernel's is the same for all. */
  async dump({ kind }: DumpWish): Promise<string> {
    if (kind === 'report') return this.#life.processReport();
    const remedy = `Use a tool for the program: ${toolsFor(kind)}. \`sluice worker dump\` says what the kernel knows of it.`;
    throw new SluiceError('dump-unknown', 'only in-process workers can be profiled from here', remedy);
  }

  async #run(): Promise<void> {
    let last: AttemptEnd | null = null;
    try {
      const plan = this.#prepare();
      this.#plan = plan;
      if (this.#request.pool.isolation === 'sandbox') await mustHaveSandbox(plan.identity);
      last = await this.#attempts(plan);
      if (last?.error) this.#life.fail(last.error);
    } catch (error) {
      this.#life.fail(StartError.from(error));
    }
    this.#life.end(last?.exit ?? null);
  }

  async #attempts(plan: Plan): Promise<AttemptEnd | null> {
    for (let attempt = 1; !this.#life.stopping; attempt++) {
      const end = await this.#attempt(plan);
      if (end.error === null || end.error.final || attempt >= this.#request.hosting.startAttempts) return end;
      if (this.#life.stopping) return end;
      this.#life.note('worker-start-repeated', { attempt, code: end.error.code, cause: end.error.message });
      this.#life.nextAttempt();
    }
    return null;
  }

  #prepare(): Plan {
    const { pool, application, hosting } = this.#request;
    const { journey } = this.#life;
    journey.enter('identity');
    const identity = this.#parts.identities.forPool(pool);
    journey.enter('files');
    const folders = this.#parts.folders.ensure(pool.name, identity);
    const command = resolveCommand({
      processPath: hosting.processPath,
      physicalPath: application.physicalPath,
      dotnetRoot: configuredValue(this.#request, 'DOTNET_ROOT'),
    });
    mustReachProgram(this.#request, command.file, identity);
    return { identity, folders, command, token: pairingToken(this.#request) };
  }

  async #attempt(plan: Plan): Promise<AttemptEnd> {
    const { hosting } = this.#request;
    this.#life.journey.enter(hosting.socket === 'unix' ? 'socket' : 'port');
    const assignment = this.#assign(plan);
    try {
      const worker = await this.#spawn(plan, assignment);
      const error = await this.#becomeReady(plan, worker, assignment);
      if (error !== null) worker.kill();
      const exit = await worker.exited;
      this.#parts.folders.removeDiagnostics(plan.folders, worker.pid);
      return { exit, error };
    } finally {
      this.#address = null;
      assignment.release();
    }
  }

  #assign({ identity }: Plan): Assignment {
    const { clock, config, identities } = this.#parts;
    const { hosting } = this.#request;
    if (hosting.socket === 'tcp') {
      return this.#ports.assign({ clock, identity, fixed: configuredValue(this.#request, env.port) });
    }
    const listenerGid = identities.forListeners()?.gid ?? null;
    return assignSocket({ clock, runDir: config.runDir, identity, listenerGid, isDotnet: hosting.isDotnet });
  }

  async #spawn(plan: Plan, assignment: Assignment): Promise<WorkerProcess> {
    const { pool, application, hosting } = this.#request;
    const { identity, folders, command, token } = plan;
    const { port, aspNetCorePort, umask } = assignment;
    this.#life.journey.enter('spawn');
    const worker = await WorkerProcess.start(this.#parts, this.#request, {
      file: command.file,
      args: hosting.arguments.map((argument) => expandPort(argument, port)),
      cwd: application.physicalPath,
      environment: outOfProcessEnvironment(this.#request, identity, folders, {
        port,
        aspNetCorePort,
        token,
        dotnetRoot: command.dotnetRoot,
      }),
      confinement: { identity, limits: processLimits(pool, identity), sandbox: this.#sandbox(plan, assignment) },
      umask,
      output: hosting.handlerSettings.enableOutOfProcessConsoleRedirection ? 'read' : 'discard',
      extra: [],
    });
    this.#life.attach(worker);
    return worker;
  }

  #sandbox({ folders, command }: Plan, { writable }: Assignment): SandboxView | null {
    const { pool, application } = this.#request;
    const readable = [programFolder(command.file)];
    return sandboxView({ pool, physicalPath: application.physicalPath, folders, readable, writable });
  }

  /** Null once the worker is ready, or when it ends because the supervisor ended it. */
  async #becomeReady(plan: Plan, worker: WorkerProcess, assignment: Assignment): Promise<StartError | null> {
    this.#life.journey.enter('listen');
    const limitMs = this.#request.hosting.startupTimeLimitMs;
    const startedMs = this.#parts.clock.monotonicMs();
    const watch = new ReadinessWatch(this.#parts.clock, limitMs, assignment.watch(worker.pid, limitMs));
    try {
      const first = await Promise.race([watch.address, worker.exited]);
      if ('outputTail' in first) return this.#life.stopping ? null : describeExit(first);
      this.#address = first;
      const ended = await this.#warmUp(first, plan, worker, startedMs + limitMs);
      if (ended !== null) return this.#life.stopping ? null : describeExit(ended);
      this.#life.ready(endpointOf(first, plan.token, this.#request.hosting.protocol));
      return null;
    } catch (error) {
      return this.#life.stopping ? null : StartError.from(error);
    } finally {
      watch.stop();
    }
  }

  /** Resolves with its end when it has ended meanwhile. */
  async #warmUp(address: Address, plan: Plan, worker: WorkerProcess, untilMs: number): Promise<ProcessExit | null> {
    const { clock } = this.#parts;
    const request = warmUpOf(this.#request);
    if (request === null) return null;
    this.#life.journey.enter('warm-up');
    const limitMs = Math.max(0, untilMs - clock.monotonicMs());
    const status = await requestWarmUp(clock, {
      address,
      protocol: this.#request.hosting.protocol,
      token: plan.token,
      limitMs,
      ...request,
    });
    // A connection that breaks is the first that is seen of an end.
    const rest = new Promise<null>((resolve) => void clock.setTimer(exitBehindConnectionMs, () => resolve(null)));
    const ended = status === 0 ? await Promise.race([worker.exited, rest]) : null;
    if (ended === null) this.#life.warmed(status);
    return ended;
  }

  /** The module's handshake for .NET; everybody else, and whoever does not answer it with 202, gets SIGTERM. */
  async #askToStop(): Promise<void> {
    const worker = this.#life.process;
    if (worker === null) return;
    const { hosting, application } = this.#request;
    if (hosting.isDotnet && this.#address !== null && this.#plan !== null) {
      const status = await requestShutdown(this.#parts.clock, {
        address: this.#address,
        protocol: hosting.protocol,
        applicationPath: application.path,
        token: this.#plan.token,
        // A short limit still leaves time for SIGTERM.
        limitMs: Math.min(shutdownAnswerTimeoutMs, hosting.shutdownTimeLimitMs / 2),
      });
      this.#life.tell('worker-shutdown-asked', { pid: worker.pid, status: status === 0 ? 'no answer' : status });
      if (status === shutdownStatus) return;
    }
    worker.signal('SIGTERM');
  }
}

function toolsFor(kind: DumpKind): string {
  return kind === 'cpu'
    ? 'dotnet-trace (.NET), node --cpu-prof (Node), py-spy (Python), perf record -g -p PID (any)'
    : 'dotnet-gcdump (.NET), node --heapsnapshot-signal (Node), memray (Python), gcore (any)';
}
