/** What a machine may lack; also for experiments, which run without jest. */
import { findHierarchies, readSources } from '../../pools/runtimes/cgroups/hierarchies.js';
import { type FrameworkSet, isInstalled } from './more-frameworks.js';
import { findProgram, python3 } from './find-program.js';
import { canSwitchUsers } from './paths.js';

type Program =
  | ('dotnet' | 'python3' | 'strace' | 'promtool' | 'prometheus' | 'chromium')
  | 'bwrap'
  | ('curl' | 'nghttp' | 'h2load')
  | ('systemd-analyze' | 'systemd-notify')
  | ('pebble' | 'pebble-challtestsrv' | 'sslscan' | 'testssl')
  | 'buildah'
  | ('zsh' | 'fish')
  | ('gunicorn' | 'uvicorn' | 'waitress-serve' | 'php' | 'gcc' | 'go');

export type Need = Program | FrameworkSet | 'root' | 'other users' | 'control groups';

function missing(need: Need): string | null {
  if (need === 'root') return process.getuid?.() === 0 ? null : 'needs root';
  if (need === 'other users') return canSwitchUsers() ? null : 'needs root in a folder that other users can enter';
  if (need === 'control groups') return hasControlGroups() ? null : 'needs control groups that it may make';
  if (need === 'more-frameworks' || need === 'next-app') {
    return isInstalled(need) ? null : `needs \`node deploy/npm/frameworks.mjs ${need}\``;
  }
  return findProgram(need === 'python3' ? python3 : need) === null ? `needs ${need}` : null;
}

/** All that limits of pools are made of. */
function hasControlGroups(): boolean {
  if (process.getuid?.() !== 0) return false;
  const found = findHierarchies('probe', readSources()).hierarchies.flatMap((one) => one.controllers);
  return (['memory', 'cpu', 'pids'] as const).every((one) => found.includes(one));
}

/** Why a test with these needs cannot run here; null = it can. */
export function reasonToSkip(needs: readonly Need[]): string | null {
  return needs.map(missing).find((one) => one !== null) ?? null;
}
