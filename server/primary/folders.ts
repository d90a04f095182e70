/** The instance's own folders: made with the right owner and mode, refused when somebody else owns them. */
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import type { CompiledConfig, ServerConfig } from '../../config/model.js';
import { accessLogFolder } from './routes.js';

/** Others may pass through (sockets and logs below have owners of their own) but not look around. */
const folderMode = 0o711;

export function prepareFolders(config: Pick<ServerConfig, 'runDir' | 'stateDir' | 'logDir'>): void {
  ownFolder(config.runDir, 'runDir');
  ownFolder(config.stateDir, 'stateDir');
  ownFolder(config.logDir, 'logDir');
}

/** The one folder in which listeners write. */
export function prepareAccessLogFolder(folder: string, listenerUid: number | null): void {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  if (listenerUid === null) return;
  chownSync(folder, listenerUid, 0);
  chmodSync(folder, 0o750);
}

function ownFolder(folder: string, setting: string): void {
  const remedy = `change its owner, remove it, or set ${setting}`;
  try {
    openParents(folder, mkdirSync(folder, { recursive: true, mode: folderMode }));
    const found = lstatSync(folder);
    if (!found.isDirectory()) throw new Error('it is not a folder');
    // A folder below a shared one such as /tmp could have been made by somebody else first.
    if (found.uid !== process.getuid?.()) throw new Error(`it belongs to user ${found.uid}`);
    if ((found.mode & 0o777) !== folderMode) chmodSync(folder, folderMode);
  } catch (error) {
    throw new SluiceError('folder-unusable', `${setting} ${folder} cannot be used: ${messageOf(error)}`, remedy);
  }
}

/** Folders made on the way follow the caller's umask, which may keep the listeners from what is theirs below. */
function openParents(folder: string, firstMade: string | undefined): void {
  if (firstMade === undefined) return;
  for (let made = dirname(folder); made.length >= firstMade.length; made = dirname(made)) chmodSync(made, folderMode);
}

/** The folders of the logs, if somebody removed them while the server runs. @returns whether one was missing. */
export function makeLogFolders(config: CompiledConfig, listenerUid: number | null): boolean {
  const access = accessLogFolder(config);
  if (existsSync(config.server.logDir) && existsSync(access)) return false;
  ownFolder(config.server.logDir, 'logDir');
  prepareAccessLogFolder(access, listenerUid);
  return true;
}
