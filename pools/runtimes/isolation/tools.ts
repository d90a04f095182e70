/** The small programs of the system that take rights away before a worker's own program runs, looked up once. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { systemPath } from '../../../config/base/system-path.js';

export interface Tools {
  /** util-linux; null = not installed. */
  readonly setpriv: string | null;
  readonly prlimit: string | null;
  readonly taskset: string | null;
  /** bubblewrap. */
  readonly bwrap: string | null;
  /** coreutils. */
  readonly env: string | null;
}

let found: Tools | undefined;

export function tools(): Tools {
  found ??= {
    setpriv: findOnSystemPath('setpriv'),
    prlimit: findOnSystemPath('prlimit'),
    taskset: findOnSystemPath('taskset'),
    bwrap: findOnSystemPath('bwrap'),
    env: findOnSystemPath('env'),
  };
  return found;
}

let emptiesBoundingSet: boolean | undefined;

/** Whether root here may empty the capability bounding set; some containers withhold CAP_SETPCAP. */
export function canEmptyBoundingSet(): boolean {
  emptiesBoundingSet ??= runs(tools().setpriv, ['--bounding-set=-all', '--', '/bin/true']);
  return emptiesBoundingSet;
}

let disablesUserNamespaces: boolean | undefined;

/** bubblewrap 0.8 keeps what it runs from making user namespaces of its own. */
export function bwrapDisablesUserNamespaces(): boolean {
  const { bwrap } = tools();
  disablesUserNamespaces ??=
    bwrap !== null && execFileSync(bwrap, ['--help'], { encoding: 'utf8', env: {} }).includes('--disable-userns');
  return disablesUserNamespaces;
}

/** A hard limit of our own process (`Max open files` ...), null = unlimited or not told. */
export function ownHardLimit(name: string): number | null {
  const line = readFileSync('/proc/self/limits', 'latin1')
    .split('\n')
    .find((one) => one.startsWith(name));
  const hard = Number(line?.slice(name.length).trim().split(/\s+/)[1]);
  return Number.isFinite(hard) ? hard : null;
}

function runs(file: string | null, args: readonly string[]): boolean {
  if (file === null) return false;
  try {
    execFileSync(file, args, { stdio: 'ignore', env: {} });
    return true;
  } catch {
    return false;
  }
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
