/**
 * The only place that starts a worker process. What a child gets is listed here and nowhere else: its
 * program by absolute path, an environment built from nothing, /dev/null, two output pipes, the extra
 * descriptors of its runtime, a process group of its own, its pool's user without any other groups, no
 * new privileges, and a SIGKILL when the primary dies.
 */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { systemPath } from './isolation/environment.js';
import type { Identity } from './isolation/identity.js';

export interface SpawnRequest {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly identity: Identity | null;
  readonly umask: number;
  /** discard: standard output and error are /dev/null. */
  readonly output: 'read' | 'discard';
  /** Descriptors from 3 on: a new pipe, or a descriptor of ours that the child inherits. */
  readonly extra: readonly ('pipe' | number)[];
}

/**
 * Starts the process; the result may still emit `error` instead of running. Throws only what
 * child_process throws at once (arguments too long ...).
 *
 * The user is changed by the kernel calls between fork and exec, never by a program: the environment
 * is the tenant's (LD_PRELOAD, GCONV_PATH), and a helper that ran as root with it would be theirs. The
 * parent-death signal is set after that change, which would clear it.
 */
export function spawnWorker(request: SpawnRequest): ChildProcess {
  const hidden = request.identity === null ? [] : [...request.environment.keys()].filter((name) => loader.test(name));
  const command = [...setprivPrefix(request.identity), ...restoringShell(hidden), request.file, ...request.args];
  const [file = request.file, ...args] = command;
  const output = request.output === 'read' ? 'pipe' : 'ignore';
  const stdio: StdioOptions = ['ignore', output, output, ...request.extra];
  const user = request.identity === null ? {} : { uid: request.identity.uid, gid: request.identity.gid };
  const umaskBefore = process.umask(request.umask);
  try {
    const child = spawn(file, args, {
      cwd: request.cwd,
      env: Object.fromEntries([...request.environment].map(([name, value]) => [disguise(name, hidden), value])),
      stdio,
      detached: true,
      ...user,
    });
    if (child.pid !== undefined) makeFirstToDie(child.pid);
    return child;
  } finally {
    process.umask(umaskBefore);
  }
}

/** Variables that the loader and the C library obey in any program, so also in setpriv. */
const loader = /^(?:LD_[A-Z0-9_]+|GLIBC_TUNABLES|GCONV_PATH|LOCPATH)$/;

function disguise(name: string, hidden: readonly string[]): string {
  return hidden.includes(name) ? `SLUICE_LATER_${name}` : name;
}

/** A shell that runs after setpriv and gives the loader's variables their names back. */
function restoringShell(hidden: readonly string[]): string[] {
  if (hidden.length === 0) return [];
  const lines = hidden.map((name) => `export ${name}="$SLUICE_LATER_${name}"; unset SLUICE_LATER_${name};`);
  return ['/bin/sh', '-c', `${lines.join(' ')} exec "$0" "$@"`];
}

let setpriv: string | null | undefined;

/** Empty where util-linux's setpriv is missing: then the guardian and the journal stand in for it. */
function setprivPrefix(identity: Identity | null): string[] {
  setpriv ??= findOnSystemPath('setpriv');
  if (setpriv === null) return [];
  const privileges = identity === null ? [] : ['--no-new-privs'];
  return [setpriv, '--pdeathsig', 'SIGKILL', ...privileges, '--'];
}

/** An executable of that name on the fixed PATH, or null. */
export function findOnSystemPath(name: string): string | null {
  for (const folder of systemPath.split(':')) {
    const file = `${folder}/${name}`;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return null;
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
