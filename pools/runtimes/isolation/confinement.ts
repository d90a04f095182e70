/**
 * What stands in front of a worker's own program: a chain of small programs, each of which takes something
 * away and becomes the next one.
 *
 *     setpriv   the pool's user, no other groups, no capabilities, no new privileges, SIGKILL with the primary
 *     prlimit   limits of the kernel that hold for one process or user id
 *     taskset   processors
 *     bwrap     the sandbox
 *     env       variables that the loader obeys, see below
 *
 * The environment is the tenant's, and setpriv starts as root with it: so what the loader and the C library
 * obey in any program (the list that glibc itself drops for setuid programs) is set by `env` behind all of
 * them. Such values are seen in the process list for an instant; nothing secret is passed in them.
 */
import type { PoolConfig } from '../../../config/model.js';
import { processesPerWorker } from '../../../config/base/limits.js';
import { StartError } from '../start-error.js';
import type { Identity } from './identity.js';
import { sandboxCommand, type SandboxView } from './sandbox.js';
import { canEmptyBoundingSet, ownHardLimit, type Tools, tools } from './tools.js';

export interface ProcessLimits {
  /** null = as the primary. */
  readonly openFiles: number | null;
  readonly processes: number | null;
  readonly fileSizeBytes: number | null;
  /** No core dumps: memory of a tenant in a file. */
  readonly noCore: boolean;
  /** Hexadecimal; null = every processor. */
  readonly affinityMask: string | null;
}

export interface Confinement {
  /** null = the primary's own user. */
  readonly identity: Identity | null;
  readonly limits: ProcessLimits;
  readonly sandbox: SandboxView | null;
}

export function processLimits(pool: PoolConfig, identity: Identity | null): ProcessLimits {
  const { resources, cpu, isolation, processModel } = pool;
  const own = identity?.exclusive === true ? processesPerWorker * processModel.maxProcesses : null;
  return {
    openFiles: atMost(resources.openFiles, 'Max open files'),
    processes: atMost(resources.processes ?? own, 'Max processes'),
    fileSizeBytes: atMost(resources.fileSizeBytes, 'Max file size'),
    noCore: isolation !== 'process',
    affinityMask: cpu.affinityMask,
  };
}

/** Raising a hard limit needs CAP_SYS_RESOURCE, which many hosts lack: ours is the most there is. */
function atMost(wanted: number | null, limit: string): number | null {
  return wanted === null ? null : Math.min(wanted, ownHardLimit(limit) ?? wanted);
}

export interface ConfinedCommand {
  readonly command: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
}

/** Throws StartError `tool-missing`. */
export function confine(
  command: readonly string[],
  environment: ReadonlyMap<string, string>,
  { identity, limits, sandbox }: Confinement,
): ConfinedCommand {
  const tool = tools();
  const guarded = identity !== null || sandbox !== null;
  const hidden = guarded ? [...environment].filter(([name]) => loader.test(name)) : [];
  return {
    command: [
      ...user(tool, identity),
      ...kernelLimits(tool, limits),
      ...processors(tool, limits.affinityMask),
      ...(sandbox === null ? [] : sandboxCommand(needed('bwrap', tool.bwrap), sandbox)),
      ...settingVariables(tool, hidden),
      ...command,
    ],
    environment: hidden.length === 0 ? environment : new Map([...environment].filter(([name]) => !loader.test(name))),
  };
}

/** glibc's unsecvars.h without TMPDIR (none of these programs makes a file), and what musl has beside it. */
const loader =
  /^(?:LD_[A-Z0-9_]+|GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES|HOSTALIASES|LANGUAGE|LOCALDOMAIN|LOCPATH|MALLOC_[A-Z_]+|MUSL_LOCPATH|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS|TZDIR)$/;

/** Where setpriv is missing at level process, guardian and journal stand in for the signal. */
function user({ setpriv }: Tools, identity: Identity | null): readonly string[] {
  const dying = ['--pdeathsig', 'SIGKILL', '--'];
  if (identity === null) return setpriv === null ? [] : [setpriv, ...dying];
  const ids = ['--reuid', String(identity.uid), '--regid', String(identity.gid), '--clear-groups'];
  const bounding = canEmptyBoundingSet() ? ['--bounding-set=-all'] : [];
  const capabilities = ['--inh-caps=-all', '--ambient-caps=-all', ...bounding, '--no-new-privs'];
  return [needed('setpriv', setpriv), ...ids, ...capabilities, ...dying];
}

function kernelLimits({ prlimit }: Tools, limits: ProcessLimits): readonly string[] {
  const options = [
    limits.noCore ? '--core=0' : '',
    limits.openFiles === null ? '' : `--nofile=${limits.openFiles}`,
    limits.processes === null ? '' : `--nproc=${limits.processes}`,
    limits.fileSizeBytes === null ? '' : `--fsize=${limits.fileSizeBytes}`,
  ].filter((option) => option !== '');
  return options.length === 0 ? [] : [needed('prlimit', prlimit), ...options, '--'];
}

function processors({ taskset }: Tools, mask: string | null): readonly string[] {
  return mask === null ? [] : [needed('taskset', taskset), mask];
}

/** setpriv is the one that takes a program whose path holds a `=`. */
function settingVariables({ env, setpriv }: Tools, hidden: readonly (readonly [string, string])[]): readonly string[] {
  if (hidden.length === 0) return [];
  const settings = hidden.map(([name, value]) => `${name}=${value}`);
  return [needed('env', env), ...settings, needed('setpriv', setpriv), '--no-new-privs', '--'];
}

function needed(name: 'setpriv' | 'prlimit' | 'taskset' | 'bwrap' | 'env', file: string | null): string {
  if (file !== null) return file;
  const from = name === 'bwrap' ? 'bubblewrap' : name === 'env' ? 'coreutils' : 'util-linux';
  throw new StartError(
    'tool-missing',
    `${name} (package ${from}) is not installed, and the isolation of this pool needs it`,
    `Install ${from}, or set \`isolation: process\` and no limits (then pools are not protected from each other).`,
  );
}
