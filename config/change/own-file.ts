/**
 * Writing a file of the administrator: only where nobody else could have put something else in its way. Every folder
 * from the root on must belong to root or to the user of the server and be closed to others, and nothing on the way
 * may be a symbolic link.
 */
import { lstat, rm } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { Stats } from 'node:fs';
import { codeOf, messageOf, SluiceError } from '../base/errors.js';
import { replace, syncFolder } from './replace-file.js';

/** Whose folders are trusted. */
export interface Writer {
  readonly uid: number;
  readonly gid: number;
}

const newFileMode = 0o640;
const sticky = 0o1000;

/** Null: the file may be written, or made. */
export async function refusalToWrite(file: string, writer: Writer): Promise<SluiceError | null> {
  return (await refusalOfFolder(file, writer)) ?? refusalOfFile(file, writer);
}

/** The part of it that all files of a folder have in common. */
export async function refusalOfFolder(file: string, writer: Writer): Promise<SluiceError | null> {
  const parts = dirname(file).split(sep);
  for (const [index] of parts.entries()) {
    const folder = parts.slice(0, index + 1).join(sep) || sep;
    const found = await look(folder);
    if (found === null) return refusal(file, `the folder ${folder} does not exist`, 'make it first');
    const problem = problemOfFolder(found, folder, writer, index === parts.length - 1);
    if (problem !== '') return refusal(file, problem, 'edit the file on the machine, or keep it in a folder of root');
  }
  return null;
}

/** The part of it that is about the file alone. */
export async function refusalOfFile(file: string, writer: Writer): Promise<SluiceError | null> {
  const own = await look(file);
  if (own === null) return null;
  if (own.isSymbolicLink()) return refusal(file, 'it is a symbolic link', 'name the file that it leads to in include');
  if (!own.isFile()) return refusal(file, 'it is not a regular file');
  const keepsOwner = writer.uid === 0 || own.uid === writer.uid;
  return keepsOwner ? null : refusal(file, `it belongs to user ${own.uid}`, 'give it to the user of the server');
}

/** Mode and owner stay as they are. Throws a SluiceError; then the file is as it was. */
export async function writeOwnFile(file: string, content: Uint8Array, writer: Writer): Promise<void> {
  const refused = await refusalToWrite(file, writer);
  if (refused !== null) throw refused;
  const own = await look(file);
  const owner = own !== null && writer.uid === 0 ? { owner: { uid: own.uid, gid: own.gid } } : {};
  try {
    // No pattern of `include` takes a name that begins with a dot.
    const next = join(dirname(file), `.${basename(file)}.sluice-new`);
    await replace({ file, next, content, mode: own === null ? newFileMode : own.mode & 0o777, ...owner });
  } catch (error) {
    throw refusal(file, messageOf(error), 'is the disk full, or mounted read-only?');
  }
}

/** Throws a SluiceError; then the file is still there. */
export async function removeOwnFile(file: string, writer: Writer): Promise<void> {
  const refused = await refusalToWrite(file, writer);
  if (refused !== null) throw refused;
  try {
    await rm(file, { force: true });
    await syncFolder(dirname(file));
  } catch (error) {
    throw refusal(file, messageOf(error));
  }
}

function problemOfFolder(found: Stats, folder: string, { uid, gid }: Writer, isLast: boolean): string {
  if (found.isSymbolicLink()) return `${folder} is a symbolic link`;
  if (!found.isDirectory()) return `${folder} is not a folder`;
  if (found.uid !== 0 && found.uid !== uid) return `the folder ${folder} belongs to user ${found.uid}`;
  const ofGroup = (found.mode & 0o020) !== 0 && found.gid !== 0 && found.gid !== gid;
  const open = ofGroup || (found.mode & 0o002) !== 0;
  // In a folder such as /tmp nobody can take away what belongs to another.
  if (!open || (!isLast && (found.mode & sticky) !== 0)) return '';
  return `others may write into the folder ${folder}`;
}

async function look(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

function refusal(file: string, why: string, remedy = ''): SluiceError {
  return new SluiceError('file-not-writable', `${file} cannot be written: ${why}`, remedy);
}
