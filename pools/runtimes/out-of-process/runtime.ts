/**
 * Starts any program that serves HTTP on a port it is told: the protocol of the ASP.NET Core Module.
 * One start is at most two attempts, each with a port of its own; both share the pairing token.
 */
import { startAttemptsMax } from '../../../config/base/limits.js';
import { env } from '../../integration/contract.js';
import { configuredValue } from '../hosted-environment.js';
import type { PoolFolders } from '../isolation/environment.js';
import type { Identity } from '../isolation/identity.js';
import type { Runtime, WorkerEvents, WorkerHandle, WorkerStart } from '../runtime.js';
import type { RuntimeParts } from '../runtime-parts.js';
import { StartError } from '../start-error.js';
import { WorkerLife } from '../worker-life.js';
import { type ProcessExit, WorkerProcess } from '../worker-process.js';
import { type ResolvedCommand, resolveCommand } from './commands.js';
import { type Address, canConnect, requestShutdown } from './connect.js';
import { expandPort, outOfProcessEnvironment, pairingToken } from './environment.js';
import { describeExit } from './exit-cause.js';
import { mustReachProgram } from './program-access.js';
import { Ports } from './ports-in-use.js';
import { PortWatch } from './port-watch.js';

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
      if (accepted && this.#address !== null) this.#events.pong();
    });
  }

  /** Listeners send no new requests; the program itself is told nothing. */
  drain(): void {}

  terminate(): void {
    this.#life.stopping = true;
    void this.#askToStop();
  }

  kill(): void {
    this.#life.stopping = true;
    this.#life.process?.kill();
  }

  async #run(): Promise<void> {
    let last: AttemptEnd | null = null;
    try {
      const plan = this.#prepare();
      this.#plan = plan;
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
      if (end.error === null || end.error.final || attempt === startAttemptsMax) return end;
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
    this.#life.journey.enter('port');
    const port = this.#ports.take(configuredValue(this.#request, env.port));
    try {
      const worker = await this.#spawn(plan, port);
      const error = await this.#becomeReady(plan, worker, port);
      if (error !== null) worker.kill();
      const exit = await worker.exited;
      this.#parts.folders.removeDiagnostics(plan.folders, worker.pid);
      return { exit, error };
    } finally {
      this.#address = null;
      this.#ports.release(port);
    }
  }

  async #spawn(plan: Plan, port: number): Promise<WorkerProcess> {
    const { application, hosting } = this.#request;
    const { identity, folders, command, token } = plan;
    this.#life.journey.enter('spawn');
    const worker = await WorkerProcess.start(this.#parts, this.#request, {
      file: command.file,
      args: hosting.arguments.map((argument) => expandPort(argument, String(port))),
      cwd: application.physicalPath,
      environment: outOfProcessEnvironment(this.#request, identity, folders, {
        port,
        token,
        dotnetRoot: command.dotnetRoot,
      }),
      identity,
      extra: [],
    });
    this.#life.attach(worker);
    return worker;
  }

  /** Null once the worker is ready, or when it ends because the supervisor ended it. */
  async #becomeReady(plan: Plan, worker: WorkerProcess, port: number): Promise<StartError | null> {
    this.#life.journey.enter('listen');
    const watch = new PortWatch({
      clock: this.#parts.clock,
      pid: worker.pid,
      port,
      identity: plan.identity,
      limitMs: this.#request.hosting.startupTimeLimitMs,
    });
    try {
      const first = await Promise.race([watch.host, worker.exited]);
      if (typeof first !== 'string') return this.#life.stopping ? null : describeExit(first);
      this.#address = { host: first, port };
      this.#life.ready({ kind: 'tcp', host: first, port, pairingToken: plan.token });
      return null;
    } catch (error) {
      return this.#life.stopping ? null : StartError.from(error);
    } finally {
      watch.stop();
    }
  }

  /** The module's handshake for .NET; everybody else, and whoever does not answer it with 202, gets SIGTERM. */
  async #askToStop(): Promise<void> {
    const worker = this.#life.process;
    if (worker === null) return;
    const { hosting, application } = this.#request;
    if (hosting.isDotnet && this.#address !== null && this.#plan !== null) {
      const accepted = await requestShutdown(this.#parts.clock, {
        address: this.#address,
        applicationPath: application.path,
        token: this.#plan.token,
      });
      if (accepted) return;
    }
    worker.signal('SIGTERM');
  }
}
