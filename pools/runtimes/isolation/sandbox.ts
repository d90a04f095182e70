/**
 * Level sandbox: what a worker sees of the machine, as arguments of bubblewrap. The system is there read-only;
 * of everything else only what the worker needs: its application (read-only), the folders of its pool, and the
 * paths that the configuration lets it write. Processes, /tmp, System V IPC and, on request, the network are its own.
 *
 * bubblewrap runs as the pool's user in a user namespace: no privilege is needed for it, and it can show the
 * worker nothing that this user could not reach.
 */
import { execFile } from 'node:child_process';
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { escapeControls, shorten } from '../../../config/base/diagnostics.js';
import { workerNoteCharsMax } from '../../../config/base/limits.js';
import type { PoolConfig } from '../../../config/model.js';
import { StartError } from '../start-error.js';
import type { PoolFolders } from './environment.js';
import type { Identity } from './identity.js';
import { bwrapDisablesUserNamespaces, tools } from './tools.js';

export interface SandboxView {
  /** Absolute folders and files. */
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  readonly privateNetwork: boolean;
  readonly cwd: string;
}

const system = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/nix'];
/** In /etc or pointed to from there; theirs to hide or to show. */
const hiddenFolders = ['/etc/sluice'];
const alsoReadable = ['/run/systemd/resolve', '/run/resolvconf', '/sys/devices/system/cpu'];

const own = ['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/var/tmp'];

export interface SandboxNeeds {
  readonly pool: PoolConfig;
  readonly physicalPath: string;
  readonly folders: PoolFolders;
  /** Programs and files outside the application that the worker runs or reads. */
  readonly readable: readonly string[];
  /** Beside HOME and TMPDIR. */
  readonly writable: readonly string[];
}

/** null at the other levels. Throws StartError `entry-missing` for a writable path that is not there. */
export function sandboxView({ pool, physicalPath, folders, readable, writable }: SandboxNeeds): SandboxView | null {
  if (pool.isolation !== 'sandbox') return null;
  const named = pool.sandbox.writablePaths.map((path) => existing(resolve(physicalPath, path)));
  return {
    readable: [physicalPath, ...readable],
    writable: [folders.home, folders.temp, ...writable, ...named],
    privateNetwork: pool.sandbox.privateNetwork,
    cwd: physicalPath,
  };
}

function existing(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return path;
  throw new StartError(
    'entry-missing',
    `${path} of sandbox.writablePaths does not exist`,
    'Make the folder and give it to the pool’s user, or remove it from writablePaths.',
  );
}

/** What is to stand before a program's command line. */
export function sandboxCommand(bwrap: string, view: SandboxView): readonly string[] {
  return [
    bwrap,
    ...namespaces(),
    ...(view.privateNetwork ? ['--unshare-net'] : []),
    ...system.flatMap(systemFolder),
    ...hiddenFolders.filter(exists).flatMap((folder) => ['--tmpfs', folder]),
    ...alsoReadable.flatMap((path) => ['--ro-bind-try', path, path]),
    ...own,
    ...outermost(view.readable).flatMap((path) => ['--ro-bind', real(path), path]),
    ...view.writable.flatMap((path) => ['--bind', real(path), path]),
    '--chdir',
    view.cwd,
    '--',
  ];
}

function namespaces(): readonly string[] {
  const own = ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'];
  return [...own, ...(bwrapDisablesUserNamespaces() ? ['--disable-userns'] : []), '--die-with-parent'];
}

/** /bin is a link to usr/bin on most systems of today, and stays one. */
function systemFolder(folder: string): readonly string[] {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return [];
  return found.isSymbolicLink() ? ['--symlink', readlinkSync(folder), folder] : ['--ro-bind', folder, folder];
}

/** Without what lies in the system folders, or in another of them. */
function outermost(paths: readonly string[]): readonly string[] {
  const shown = system.filter((folder) => folder !== '/etc');
  const wanted = [...new Set(paths)].filter((path) => !shown.some((folder) => lies(real(path), folder)));
  return wanted.filter((path) => !wanted.some((other) => other !== path && lies(path, other)));
}

function lies(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** The folder of a program, with its links resolved: beside it lie its libraries. */
export function programFolder(file: string): string {
  return dirname(real(file));
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

let proven: Promise<string | null> | undefined;

/** Once in a primary's life: can bubblewrap work here at all? Throws StartError `sandbox-failed` with its words. */
export async function mustHaveSandbox(identity: Identity | null): Promise<void> {
  const { bwrap } = tools();
  // That it is missing is said where the command is put together.
  if (bwrap === null) return;
  proven ??= trial(bwrap, identity);
  const words = await proven;
  if (words === null) return;
  proven = undefined;
  throw new StartError(
    'sandbox-failed',
    `bubblewrap cannot make a sandbox here: ${escapeControls(shorten(words.trim(), workerNoteCharsMax))}`,
    'Allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or set `isolation: user`.',
  );
}

function trial(bwrap: string, identity: Identity | null): Promise<string | null> {
  const user = identity === null ? {} : { uid: identity.uid, gid: identity.gid };
  const args = [...namespaces(), '--unshare-net', '--ro-bind', '/', '/', '--proc', '/proc', '--', '/bin/true'];
  return new Promise((resolve) => {
    execFile(bwrap, args, { ...user, env: {}, cwd: '/', timeout: 10_000 }, (error, _stdout, stderr) => {
      resolve(error === null ? null : stderr || error.message);
    });
  });
}
