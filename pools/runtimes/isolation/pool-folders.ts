/**
 * The folders that every pool owns: HOME and Node's compile cache (kept), TMPDIR (emptied when the server ends). Their
 * parents belong to the primary, so a tenant can fill its folders but not replace them.
 */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { safeName } from '../files.js';
import type { PoolFolders } from './environment.js';
import { type Identity, poolFolderName, poolFoldersIn } from './identity.js';

export interface PoolFolderKeeper {
  /** Makes the folders if needed and returns them. */
  ensure(pool: string, identity: Identity | null): PoolFolders;
  /** Removes what a .NET process that was killed leaves in its temp folder. */
  removeDiagnostics(folders: PoolFolders, pid: number): void;
  /** Removes the temp folders; only when no worker is left. */
  removeTemp(): Promise<void>;
}

export function createPoolFolders(stateDir: string): PoolFolderKeeper {
  const made = new Map<string, Identity | null>();

  function ensure(pool: string, identity: Identity | null): PoolFolders {
    // The temp path stays short: programs put unix sockets there, which have about 107 bytes.
    const home = join(poolFoldersIn(stateDir), poolFolderName(pool, identity), 'home');
    const temp = join(stateDir, 'tmp', identity === null ? safeName(pool) : String(identity.uid));
    mkdirSync(stateDir, { recursive: true, mode: 0o711 });
    for (const parent of [poolFoldersIn(stateDir), join(home, '..'), join(stateDir, 'tmp')]) {
      mkdirSync(parent, { recursive: true, mode: 0o711 });
    }
    const compileCache = join(home, '..', 'compile-cache');
    for (const folder of [home, temp, compileCache]) {
      // On a disk that has become read-only what is there already is enough.
      if (isOwned(folder, identity)) continue;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (identity !== null) chownSync(folder, identity.uid, identity.gid);
      chmodSync(folder, 0o700);
    }
    made.set(temp, identity);
    return { home, temp, compileCache };
  }

  return {
    ensure,
    removeDiagnostics(folders, pid) {
      const mark = new RegExp(`^(?:dotnet-diagnostic|clr-debug-pipe)-${pid}-`);
      for (const name of namesIn(folders.temp)) {
        if (mark.test(name)) unlinkIfFile(join(folders.temp, name));
      }
    },
    async removeTemp() {
      await Promise.all([...made].map(([temp, identity]) => removeContent(temp, identity)));
      for (const temp of made.keys()) rmSync(temp, { recursive: true, force: true });
      made.clear();
    },
  };
}

/** It is there, and nobody else may look into it. */
function isOwned(folder: string, identity: Identity | null): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true || (found.mode & 0o7777) !== 0o700) return false;
  return identity === null || (found.uid === identity.uid && found.gid === identity.gid);
}

/** Removes as the folder's own user, so that no planted link can lead root elsewhere. */
function removeContent(folder: string, identity: Identity | null): Promise<void> {
  const user = identity === null ? {} : { uid: identity.uid, gid: identity.gid };
  const names = namesIn(folder).map((name) => join(folder, name));
  if (names.length === 0) return Promise.resolve();
  return new Promise((resolve) => {
    execFile('/bin/rm', ['-rf', '--', ...names], { ...user, cwd: '/' }, () => resolve());
  });
}

/** A tenant may have put a folder there; a link is removed, not followed. */
function unlinkIfFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It goes with the temp folder.
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
