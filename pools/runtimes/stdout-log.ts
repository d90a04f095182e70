/**
 * aspNetCore stdoutLogEnabled / stdoutLogFile: `<file>_<yyyyMMddHHmmss>_<pid>.log`, UTC, raw output of
 * one process. The path comes from the tenant's web.config and lies in the tenant's folder, while we
 * may be root: so every component below the application folder is opened without following links,
 * through the descriptor of its parent, and nothing is written that is not a plain file of its own.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { codeOf, SluiceError } from '../../config/base/errors.js';
import { outputBacklogBytesMax, stdoutLogBytesMax } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import type { Identity } from './isolation/identity.js';
import { FileSink, type OutputSink } from './output-sinks.js';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export interface StdoutLogRequest {
  /** As configured; relative to the application folder. */
  readonly file: string;
  readonly physicalPath: string;
  readonly identity: Identity | null;
  readonly pid: number;
  readonly wallMs: number;
  readonly logger: Logger;
}

/** Never throws: a log that cannot be opened is one warning, and the process runs on without it. */
export function openStdoutLog(request: StdoutLogRequest): OutputSink | null {
  const path = stdoutLogPath(request);
  try {
    return new FileSink({
      fd: openSafely(path, request.physicalPath, request.identity),
      logger: request.logger,
      name: path,
      backlogBytesMax: outputBacklogBytesMax,
      bytesMax: stdoutLogBytesMax,
      atBytesMax: () => {
        request.logger.warn('stdout-log-full', { file: path, bytes: stdoutLogBytesMax });
        return null;
      },
    });
  } catch (error) {
    request.logger.warn('stdout-log-failed', { file: path, error: error instanceof Error ? error.message : '' });
    return null;
  }
}

export function stdoutLogPath(request: Pick<StdoutLogRequest, 'file' | 'physicalPath' | 'pid' | 'wallMs'>): string {
  const stamp = new Date(request.wallMs).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const base = resolve(request.physicalPath, request.file.replaceAll('\\', '/'));
  return `${base}_${stamp}_${request.pid}.log`;
}

function openSafely(path: string, physicalPath: string, identity: Identity | null): number {
  const inside = relative(physicalPath, path);
  if (inside.startsWith('..') || isAbsolute(inside)) return openOutside(path, identity);
  const components = inside.split('/');
  const name = components.pop() ?? '';
  let folder = openSync(physicalPath, O_RDONLY | O_DIRECTORY);
  try {
    for (const component of components) {
      const next = openFolder(folder, component, identity);
      closeSync(folder);
      folder = next;
    }
    return openFile(folder, name, identity);
  } finally {
    closeSync(folder);
  }
}

/** Outside the application folder the folder must exist and belong to the pool, or the tenant would choose root's files. */
function openOutside(path: string, identity: Identity | null): number {
  const parent = join(path, '..');
  if (identity !== null && statSync(parent).uid !== identity.uid) {
    throw new SluiceError(
      'stdout-log-outside',
      `${parent} is outside the application folder and not owned by the pool`,
    );
  }
  const folder = openSync(parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    if (identity !== null && fstatSync(folder).uid !== identity.uid) {
      throw new SluiceError('stdout-log-outside', `${parent} changed its owner`);
    }
    return openFile(folder, path.slice(parent.length + 1), identity);
  } finally {
    closeSync(folder);
  }
}

function openFolder(parent: number, name: string, identity: Identity | null): number {
  const path = `/proc/self/fd/${parent}/${name}`;
  let created = false;
  try {
    mkdirSync(path, { mode: 0o750 });
    created = true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const folder = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  // What was opened may not be what was made: only an empty folder of ours changes hands.
  const ours = created && fstatSync(folder).uid === process.getuid?.();
  if (ours && identity !== null && readdirSync(`/proc/self/fd/${folder}`).length === 0) {
    fchownSync(folder, identity.uid, identity.gid);
  }
  return folder;
}

function openFile(folder: number, name: string, identity: Identity | null): number {
  const path = `/proc/self/fd/${folder}/${name}`;
  const common = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
  let fd: number;
  try {
    fd = openSync(path, common | O_CREAT | O_EXCL, 0o600);
    if (identity !== null) fchownSync(fd, identity.uid, identity.gid);
    return fd;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    fd = openSync(path, common);
  }
  const stat = fstatSync(fd);
  const owner = identity?.uid ?? process.getuid?.();
  if (!stat.isFile() || stat.nlink !== 1 || stat.uid !== owner) {
    closeSync(fd);
    throw new SluiceError('stdout-log-not-plain', `${name} is there and is not a plain file of the pool`);
  }
  fchmodSync(fd, 0o600);
  return fd;
}
