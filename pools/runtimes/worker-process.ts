/**
 * One started process with everything that goes with it, for both hosting models: guardian and journal
 * entries, output, and an end that leaves nothing behind. `start` resolves once the process runs.
 */
import type { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { codeOf, messageOf } from '../../config/base/errors.js';
import { OutputCapture } from './output-capture.js';
import type { OutputSink } from './output-sinks.js';
import { readFamily } from './proc.js';
import type { RuntimeParts } from './runtime-parts.js';
import { type SpawnRequest, spawnWorker } from './spawn.js';
import { StartError } from './start-error.js';
import { openStdoutLog } from './stdout-log.js';
import { PerMinute } from './tenant-notes.js';
import type { WorkerStart } from './runtime.js';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly outputTail: string;
}

export class WorkerProcess {
  readonly pid: number;
  /** Settles when the process and all that we know of it are gone and its output is read. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #output: OutputCapture;
  #alive = true;

  /** Throws StartError when the program cannot be run. */
  static async start(parts: RuntimeParts, worker: WorkerStart, request: SpawnRequest): Promise<WorkerProcess> {
    await parts.users.enter(request.identity);
    try {
      const child = spawnWorker(request);
      const pid = child.pid ?? (await failedSpawn(child));
      return new WorkerProcess(parts, worker, request, child, pid);
    } catch (error) {
      await parts.users.leave(request.identity);
      throw spawnFailure(error, request);
    }
  }

  private constructor(
    parts: RuntimeParts,
    worker: WorkerStart,
    request: SpawnRequest,
    child: ChildProcess,
    pid: number,
  ) {
    this.pid = pid;
    this.#child = child;
    if (request.identity?.exclusive === true) parts.guardian.watchUser(request.identity.uid);
    parts.guardian.watch(pid);
    parts.journal.add(pid);
    const shared = parts.outputs.open(worker.pool.name, worker.application.id);
    const raw = worker.hosting.stdoutLogEnabled ? openRawLog(parts, worker, request, pid) : null;
    const pauses = new PerMinute(parts.clock);
    this.#output = new OutputCapture([child.stdout, child.stderr], {
      clock: parts.clock,
      shared,
      raw,
      onLimited: () => {
        parts.onOutputPaused(worker.pool.name);
        if (pauses.count() === 1) parts.logger.warn('worker-output-limited', { pool: worker.pool.name, pid });
      },
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#alive = false;
        killGroup(pid);
        parts.guardian.forget(pid);
        parts.journal.remove(pid);
        void this.#end(parts, worker, request).then(() => resolve({ code, signal, outputTail: this.outputTail() }));
      });
    });
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
    if (this.#alive) this.#child.kill(signal);
  }

  /** SIGKILL to the process, its group, its session and everything that descends from them. */
  kill(): void {
    if (!this.#alive) return;
    const family = readFamily(this.pid);
    killGroup(this.pid);
    for (const pid of family) killOne(pid);
  }

  async #end(parts: RuntimeParts, worker: WorkerStart, request: SpawnRequest): Promise<void> {
    for (const pid of readFamily(this.pid)) {
      if (pid !== this.pid) killOne(pid);
    }
    await this.#output.finish();
    await parts.outputs.close(worker.pool.name, worker.application.id);
    await parts.users.leave(request.identity);
    for (const stream of this.#child.stdio) stream?.destroy();
  }
}

function openRawLog(parts: RuntimeParts, worker: WorkerStart, request: SpawnRequest, pid: number): OutputSink | null {
  return openStdoutLog({
    file: worker.hosting.stdoutLogFile,
    physicalPath: worker.application.physicalPath,
    identity: request.identity,
    pid,
    wallMs: parts.clock.wallMs(),
    logger: parts.logger,
  });
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

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already, which is what is wanted.
  }
}
