/**
 * Opens a dump to hand it out. It lies in a folder of the tenant's, while we may be root: whatever the tenant puts
 * there, only a plain file of its own is read.
 */
import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { Readable } from 'node:stream';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { dumpFileBytesMax } from '../../config/base/profile-limits.js';
import type { OperationFile } from '../admin/control-plane.js';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** `path`: below `stateDir`, which is ours. Throws SluiceError `file-gone` or `file-unfit`. */
export function openDump(stateDir: string, path: string): OperationFile {
  const inside = relative(stateDir, path);
  if (inside.startsWith('..') || isAbsolute(inside)) throw unfit('it is outside the state folder');
  const components = inside.split('/');
  const name = components.pop() ?? '';
  let folder = openSync(stateDir, O_RDONLY | O_DIRECTORY);
  try {
    for (const component of components) {
      const next = openSync(below(folder, component), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      closeSync(folder);
      folder = next;
    }
    return read(openSync(below(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK), fstatSync(folder).uid, name);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('file-gone', `${path} cannot be opened: ${messageOf(error)}`, 'take it again');
  } finally {
    closeSync(folder);
  }
}

function below(folder: number, name: string): string {
  return `/proc/self/fd/${folder}/${name}`;
}

/** Takes the descriptor over. */
function read(fd: number, owner: number, name: string): OperationFile {
  const stat = fstatSync(fd);
  const isPlain = stat.isFile() && stat.nlink === 1 && stat.uid === owner;
  if (!isPlain || stat.size > dumpFileBytesMax) {
    closeSync(fd);
    throw unfit(isPlain ? `it is larger than ${dumpFileBytesMax} bytes` : 'it is not a plain file of its pool');
  }
  const { size } = stat;
  if (size > 0) return { name, size, stream: createReadStream('', { fd, end: size - 1 }) };
  closeSync(fd);
  return { name, size, stream: Readable.from([]) };
}

function unfit(why: string): SluiceError {
  return new SluiceError('file-unfit', `the file is not handed out: ${why}`, 'look at it on the machine itself');
}
