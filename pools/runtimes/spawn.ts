/**
 * The only place that starts a worker process. What a child gets is listed here and nowhere else: its
 * program by absolute path, an environment built from nothing, /dev/null, two output pipes, the extra
 * descriptors of its runtime, a process group of its own, and what `confinement.ts` leaves of its rights.
 */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Confinement, confine } from './isolation/confinement.js';

export interface SpawnRequest {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly confinement: Confinement;
  readonly umask: number;
  /** discard: standard output and error are /dev/null. */
  readonly output: 'read' | 'discard';
  /** Descriptors from 3 on: a new pipe, or a descriptor of ours that the child inherits. */
  readonly extra: readonly ('pipe' | number)[];
}

/**
 * Starts the process; the result may still emit `error` instead of running. Throws StartError `tool-missing`,
 * and what child_process throws at once (arguments too long ...).
 */
export function spawnWorker(request: SpawnRequest): ChildProcess {
  const confined = confine([request.file, ...request.args], request.environment, request.confinement);
  const [file = request.file, ...args] = confined.command;
  const output = request.output === 'read' ? 'pipe' : 'ignore';
  const stdio: StdioOptions = ['ignore', output, output, ...request.extra];
  const umaskBefore = process.umask(request.umask);
  try {
    const env = Object.fromEntries(confined.environment);
    const child = spawn(file, args, { cwd: request.cwd, env, stdio, detached: true });
    if (child.pid !== undefined) makeFirstToDie(child.pid);
    return child;
  } finally {
    process.umask(umaskBefore);
  }
}

/** When memory runs out, the kernel takes a worker before the server. */
function makeFirstToDie(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '300');
  } catch {
    // Gone already, or a kernel that forbids it: only the order of victims changes.
  }
}

/**
 * Descriptors above 2 that this process would hand on to every child, because whoever started it left
 * them open without close-on-exec. The composition root closes them before anything is started; Node
 * opens its own (epoll, eventfd, io_uring, files, sockets) close-on-exec, so they are not among these.
 */
export function inheritableDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInheritable(fd));
}

const closeOnExec = 0o2_000_000;

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    return false;
  }
}
