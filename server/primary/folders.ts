/** The instance's own folders: made with the right owner and mode, refused when somebody else owns them. */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import type { CompiledConfig, ServerConfig } from '../../config/model.js';
import type { ListenerIdentity } from '../../pools/runtimes/isolation/identity.js';
import { accessLogFolder, keptLogs } from './log-targets.js';

/** Others may pass through (sockets and logs below have owners of their own) but not look around. */
const folderMode = 0o711;

export function prepareFolders(config: Pick<ServerConfig, 'runDir' | 'stateDir' | 'logDir'>): void {
  ownFolder(config.runDir, 'runDir');
  ownFolder(config.stateDir, 'stateDir');
  ownFolder(config.logDir, 'logDir');
}

/** Whom the access logs belong to; null = the user of the primary. */
export type LogWriter = Pick<ListenerIdentity, 'uid' | 'gid' | 'formerUid'> | null;

/** A folder in which listeners write. Throws when a folder of somebody else stands there, or a link that may not. */
export function prepareAccessLogFolder(folder: string, writer: LogWriter, mayBeLink = true): void {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | (mayBeLink ? 0 : constants.O_NOFOLLOW);
  const fd = openSync(folder, flags);
  try {
    if (writer === null) return;
    const { uid } = fstatSync(fd);
    if (uid === writer.formerUid && uid !== writer.uid) handOver(fd, uid, writer);
    else if (uid !== writer.uid && uid !== process.getuid?.()) throw new Error(`${folder} belongs to user ${uid}`);
    fchownSync(fd, writer.uid, 0);
    fchmodSync(fd, 0o750);
  } finally {
    closeSync(fd);
  }
}

/**
 * The logs that listeners wrote under an id that is somebody else's by now, who may have been here: nothing but plain
 * files goes on, and nothing can be put in their place meanwhile.
 */
function handOver(folder: number, formerUid: number, writer: NonNullable<LogWriter>): void {
  fchownSync(folder, 0, 0);
  fchmodSync(folder, 0o700);
  for (const name of readdirSync(`/proc/self/fd/${folder}`)) {
    const path = `/proc/self/fd/${folder}/${name}`;
    const found = lstatSync(path);
    if (found.uid !== formerUid || found.isDirectory()) continue;
    if (found.isFile() && found.nlink === 1) lchownSync(path, writer.uid, writer.gid);
    else unlinkSync(path);
  }
}

/** The folders of sites that have logs of their own. */
export class SiteLogFolders {
  readonly #writer: LogWriter;
  readonly #logger: Logger;
  readonly #made = new Set<string>();

  constructor(writer: LogWriter, logger: Logger) {
    this.#writer = writer;
    this.#logger = logger;
  }

  /** Never throws: a site without its log is served all the same. @returns whether one was removed meanwhile. */
  make(config: CompiledConfig): boolean {
    let wasRemoved = false;
    for (const { target } of keptLogs(config)) {
      const { folder } = target;
      if (folder === accessLogFolder(config)) continue;
      const isThere = existsSync(folder);
      if (isThere && this.#made.has(folder)) continue;
      try {
        openParents(folder, mkdirSync(dirname(folder), { recursive: true, mode: folderMode }));
        prepareAccessLogFolder(folder, this.#writer, false);
        if (!isThere && this.#made.has(folder)) wasRemoved = true;
        this.#made.add(folder);
      } catch (error) {
        const remedy = 'choose another logFile.directory, or remove what stands there';
        this.#logger.warn('site-log-folder-unusable', { folder, error: messageOf(error), remedy });
      }
    }
    return wasRemoved;
  }
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
export function makeLogFolders(config: CompiledConfig, writer: LogWriter): boolean {
  const access = accessLogFolder(config);
  if (existsSync(config.server.logDir) && existsSync(access)) return false;
  ownFolder(config.server.logDir, 'logDir');
  prepareAccessLogFolder(access, writer);
  return true;
}
