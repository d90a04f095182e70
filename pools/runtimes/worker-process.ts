/**
 * One started process with everything that goes with it, for both hosting models: guardian and journal
 * entries, output, and an end that leaves nothing behind. `start` resolves once the process runs.
 */
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { Duplex } from 'node:stream';
import { codeOf, messageOf } from '../../config/base/errors.js';
import type { WorkerGroup } from './cgroups/worker-group.js';
import { crashPoint } from './crash-points.js';
import type { LimitKind } from './limit-watch.js';
import { OutputCapture } from './output-capture.js';
import type { OutputSink } from './output-sinks.js';
import { readFamily, readProcesses } from './proc.js';
import { pushOut } from './push-out.js';
import type { RuntimeParts } from './runtime-parts.js';
import { type SpawnRequest, spawnWorker } from './spawn.js';
import { StartError } from './start-error.js';
import { openStdoutLog } from './stdout-log.js';
import { PerMinute } from './tenant-notes.js';
import type { WorkerStart } from './runtime.js';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it used too much of, when that is why it was killed. */
  readonly limit: LimitKind | null;
  readonly outputTail: string;
}

export class WorkerProcess {
  readonly pid: number;
  /** Settles when the process and all that we know of it are gone and its output is read. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #output: OutputCapture;
  readonly #group: WorkerGroup | null;
  readonly #isSandboxed: boolean;
  readonly #orphans: Set<WorkerProcess>;
  #alive = true;
  #limit: LimitKind | null = null;

  /** Throws StartError when the program cannot be run. */
  static async start(parts: RuntimeParts, worker: WorkerStart, request: SpawnRequest): Promise<WorkerProcess> {
    const { identity } = request.confinement;
    await parts.users.enter(identity);
    const group = parts.cgroups.open(worker.pool);
    crashPoint('worker.group-made');
    let child: ChildProcess | null = null;
    try {
      child = spawnWorker(request);
      crashPoint('worker.spawned');
      // It still is one of the small programs before its own: nothing of the tenant's runs outside the group.
      if (group !== null && child.pid !== undefined) child.kill('SIGSTOP');
      crashPoint('worker.stopped');
      const pid = child.pid ?? (await failedSpawn(child));
      const started = new WorkerProcess(parts, worker, request, child, pid, group);
      crashPoint('worker.watched');
      await group?.add(pid);
      if (group !== null) child.kill('SIGCONT');
      crashPoint('worker.grouped');
      return started;
    } catch (error) {
      // It runs, and something that goes with it failed: nobody else would end it.
      if (child?.pid !== undefined) giveUp(parts, child.pid);
      await group?.end();
      await parts.users.leave(identity);
      throw spawnFailure(error, request);
    }
  }

  private constructor(
    parts: RuntimeParts,
    worker: WorkerStart,
    request: SpawnRequest,
    child: ChildProcess,
    pid: number,
    group: WorkerGroup | null,
  ) {
    this.pid = pid;
    this.#child = child;
    this.#group = group;
    this.#orphans = parts.orphans;
    const { identity, sandbox } = request.confinement;
    this.#isSandboxed = sandbox !== null;
    if (identity?.exclusive === true) parts.guardian.watchUser(identity.uid);
    parts.guardian.watch(pid);
    parts.journal.add(pid);
    const shared = parts.outputs.open(worker.pool.name, worker.application.id);
    const raw = worker.hosting.stdoutLogEnabled ? openRawLog(parts, worker, request, pid) : null;
    const pauses = new PerMinute(parts.clock);
    const { taps } = parts.outputs;
    const source = { pool: worker.pool.name, applicationId: worker.application.id, workerId: worker.workerId, pid };
    this.#output = new OutputCapture([child.stdout, child.stderr], {
      clock: parts.clock,
      shared,
      raw,
      tap: {
        get isWanted() {
          return taps.isWanted;
        },
        tell: (chunk) => taps.tell(source, chunk),
      },
      onLimited: () => {
        parts.onOutputPaused(worker.pool.name);
        if (pauses.count() === 1) parts.logger.warn('worker-output-limited', { pool: worker.pool.name, pid });
      },
    });
    taps.opened(source, this.#output);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#alive = false;
        parts.orphans.delete(this);
        killGroup(pid);
        const end = this.#isSandboxed ? endInside(code, signal) : { code, signal };
        if (end.signal === 'SIGKILL' && group?.ranOutOfMemory() === true) this.#limit ??= 'memory';
        parts.guardian.forget(pid);
        parts.journal.remove(pid);
        parts.limits.remove(worker.pool.name, this);
        taps.closed(source);
        const exit = (): void => resolve({ ...end, limit: this.#limit, outputTail: this.outputTail() });
        void this.#end(parts, worker, request).then(exit);
      });
    });
    parts.limits.add(worker.pool, this);
  }

  /** The descriptor's pipe of ours; only for descriptors that were asked for as 'pipe'. */
  pipe(fd: number): Duplex {
    const stream = this.#child.stdio[fd];
    if (!(stream instanceof Duplex)) throw new TypeError(`descriptor ${fd} is not a pipe`);
    return stream;
  }

  outputTail(): string {
    return this.#output.tail();
  }

  /** To the program itself, not to its children: what a service manager's stop does to a main process. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#alive) return;
    if (!this.#isSandboxed) this.#child.kill(signal);
    else signalOne(this.mainPid(), signal);
  }

  /** The program itself: in a sandbox two processes of bubblewrap's stand above it. */
  mainPid(): number {
    if (!this.#isSandboxed) return this.pid;
    const all = readProcesses();
    const childOf = (parent: number): number | undefined =>
      all.filter((one) => one.parent === parent).toSorted((a, b) => a.startTime - b.startTime)[0]?.pid;
    const first = childOf(this.pid);
    return (first === undefined ? undefined : childOf(first)) ?? this.pid;
  }

  /** It used more than its pool may have. */
  killFor(limit: LimitKind): void {
    if (this.#alive) this.#limit ??= limit;
    this.kill();
  }

  /** Stops it and everything below it; twice, because what runs may fork meanwhile. */
  suspend(): void {
    if (!this.#alive) return;
    for (let round = 0; round < 2; round++) this.#signalFamily('SIGSTOP');
    pushOut(this.pid);
  }

  resume(): void {
    if (this.#alive) this.#signalFamily('SIGCONT');
  }

  /** It is on its own; guardian, journal and output stay with it until its end. */
  abandon(): void {
    if (this.#alive) this.#orphans.add(this);
  }

  #signalFamily(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of readFamily(this.pid)) signalOne(pid, signal);
  }

  /** SIGKILL to the process, its group, its session and everything that descends from them. */
  kill(): void {
    if (!this.#alive) return;
    const family = readFamily(this.pid);
    this.#group?.kill();
    killGroup(this.pid);
    for (const pid of family) killOne(pid);
  }

  async #end(parts: RuntimeParts, worker: WorkerStart, request: SpawnRequest): Promise<void> {
    for (const pid of readFamily(this.pid)) {
      if (pid !== this.pid) killOne(pid);
    }
    await this.#group?.end();
    await this.#output.finish();
    await parts.outputs.close(worker.pool.name, worker.application.id);
    await parts.users.leave(request.confinement.identity);
    for (const stream of this.#child.stdio) stream?.destroy();
  }
}

function openRawLog(parts: RuntimeParts, worker: WorkerStart, request: SpawnRequest, pid: number): OutputSink | null {
  return openStdoutLog({
    file: worker.hosting.stdoutLogFile,
    physicalPath: worker.application.physicalPath,
    identity: request.confinement.identity,
    pid,
    wallMs: parts.clock.wallMs(),
    logger: parts.logger,
  });
}

function giveUp(parts: RuntimeParts, pid: number): void {
  killOne(pid);
  parts.guardian.forget(pid);
  parts.journal.remove(pid);
}

/** A child without a pid reports why in the next turn. */
function failedSpawn(child: ChildProcess): Promise<never> {
  return new Promise((_resolve, reject) => child.once('error', reject));
}

function spawnFailure(error: unknown, request: SpawnRequest): StartError {
  const code = codeOf(error);
  if (code === 'ENOENT') {
    return new StartError(
      'spawn-failed',
      `${request.file} or the folder ${request.cwd} does not exist`,
      'Correct the path.',
    );
  }
  if (code === 'EACCES') {
    return new StartError(
      'spawn-failed',
      `${request.file} may not be executed`,
      `Set its x bit: chmod a+x ${request.file}`,
    );
  }
  return new StartError('spawn-failed', `${request.file} cannot be started: ${messageOf(error)}`, '');
}

function killGroup(leader: number): void {
  killOne(-leader);
}

/** bubblewrap tells the end of what it ran as a shell does. */
function endInside(code: number | null, signal: string | null): Pick<ProcessExit, 'code' | 'signal'> {
  const number = (code ?? 0) - 128;
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name === undefined ? { code, signal } : { code: null, signal: name };
}

function killOne(pid: number): void {
  signalOne(pid, 'SIGKILL');
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, which is what is wanted.
  }
}
