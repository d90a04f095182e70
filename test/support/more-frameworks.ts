/** Frameworks outside of our own node_modules: deploy/npm/frameworks.mjs installs them into .cache. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { app, repository } from './paths.js';
import { tempFolder } from './temp-folder.js';

export type FrameworkSet = 'more-frameworks' | 'next-app';

export function installedFolder(name: FrameworkSet): string {
  return join(repository, '.cache', name);
}

/** Installed, and by the lock file of this checkout. */
export function isInstalled(name: FrameworkSet): boolean {
  const lock = join(installedFolder(name), 'package-lock.json');
  return existsSync(lock) && readFileSync(lock).equals(readFileSync(join(app(name), 'package-lock.json')));
}

/** Needs the npm registry where it is not installed yet. */
export function install(name: FrameworkSet): void {
  execFileSync(process.execPath, [join(repository, 'deploy', 'npm', 'frameworks.mjs'), name], { stdio: 'pipe' });
}

/** A folder of its own with the apps and their packages, as pools may enter it. The caller removes it. */
export function appsWithPackages(): string {
  const folder = tempFolder('more');
  cpSync(app('more-frameworks'), folder, { recursive: true });
  symlinkSync(join(installedFolder('more-frameworks'), 'node_modules'), join(folder, 'node_modules'));
  return folder;
}
