/** Runs a container in two ways, both on the machine's own network. */
import { processTree, commandLine } from '../processes.js';
import { type Program, startProgram } from '../program.js';
import { until } from '../time.js';
import type { ImageConfig } from './image.js';

export interface Running {
  readonly program: Program;
  /** The container's first process, as this machine numbers it: where an engine sends its signals. */
  firstPid(): Promise<number>;
}

export interface Place {
  /** Container -> what is seen there, read-only. */
  readonly folders: Readonly<Record<string, string>>;
  /** The command; null = the image's own. */
  readonly command?: readonly string[];
}

/** As the image says, by `buildah run`: chroot isolation, without process ids of its own. */
export function runByBuildah(container: string, config: ImageConfig, place: Place): Running {
  const mounts = Object.entries(place.folders).flatMap(([inside, outside]) => ['-v', `${outside}:${inside}:ro`]);
  const command = place.command ?? [...config.Entrypoint, ...config.Cmd];
  const program = startProgram('buildah', ['run', '--isolation', 'chroot', ...mounts, container, '--', ...command]);
  return { program, firstPid: () => firstOf(program, command) };
}

export interface Rights {
  readonly user: number;
  /** Names without CAP_, the whole bounding set. */
  readonly capabilities: readonly string[];
  /** Fresh file systems in memory, container path -> owner. */
  readonly memory: Readonly<Record<string, number>>;
}

/**
 * What an engine does for `--read-only --tmpfs ... --cap-drop ALL --security-opt no-new-privileges`: process ids of its own,
 * so that the entry point is process 1, and a root file system that nobody can write. `root` stays as it is.
 */
export function runAlone(root: string, config: ImageConfig, place: Place, rights: Rights): Running {
  const lines = [
    'mount --bind "$ROOT" "$ROOT"',
    'mount -o remount,bind,ro "$ROOT"',
    ...Object.entries(rights.memory).map(
      ([path, owner]) => `mount -t tmpfs -o uid=${owner},gid=${owner},mode=755 tmpfs "$ROOT${path}"`,
    ),
    ...Object.entries(place.folders).flatMap(([inside, outside]) => [
      `mount --bind "${outside}" "$ROOT${inside}"`,
      `mount -o remount,bind,ro "$ROOT${inside}"`,
    ]),
    'mount -t proc proc "$ROOT/proc"',
    'mount --rbind /dev "$ROOT/dev"',
    'mount --rbind /sys "$ROOT/sys"',
    'exec chroot "$ROOT" "$@"',
  ];
  const bounding = ['-all', ...rights.capabilities.map((name) => `+${name.toLowerCase()}`)].join(',');
  const user = [`--reuid=${rights.user}`, `--regid=${rights.user}`, '--clear-groups', `--bounding-set=${bounding}`];
  const command = place.command ?? [...config.Entrypoint, ...config.Cmd];
  const inside = ['/usr/bin/env', '-i', '-C', config.WorkingDir, ...config.Env];
  const dropped = ['/usr/bin/setpriv', ...user, '--inh-caps=-all', '--no-new-privs', '--'];
  const unshared = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private', '--'];
  const shell = ['/bin/sh', '-euc', lines.join('\n'), 'run'];
  const program = startProgram('unshare', [...unshared, ...shell, ...inside, ...dropped, ...command], {
    env: { ...process.env, ROOT: root },
  });
  return { program, firstPid: () => firstOf(program, command) };
}

/** The process that became the command, below what started it. */
function firstOf(program: Program, command: readonly string[]): Promise<number> {
  const wanted = command.join(' ');
  return until(
    'the first process of the container runs',
    () => processTree(program.pid).find((one) => commandLine(one.pid) === wanted)?.pid,
    { withinMs: 30_000, state: () => program.output() },
  );
}
