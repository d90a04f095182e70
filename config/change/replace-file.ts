/** Replacing a file so that at every moment, also after a power cut, its name leads to the whole old or the whole new one. */
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

interface Replacement {
  readonly file: string;
  /** Where it is written first, in the same folder. */
  readonly next: string;
  readonly content: string | Uint8Array | AsyncIterable<string>;
  readonly mode: number;
  /** Absent: the writer's. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Called before the rename. */
  readonly written?: () => void;
}

/**
 * Written beside the file, synced, renamed, and the folder synced. One writer at a time for each file. Rejects
 * when the disk is full or fails; then the old file is as it was. `written` is called before the rename.
 */
export async function replaceFile(
  file: string,
  content: string | Uint8Array | AsyncIterable<string>,
  mode: number,
  written: () => void = () => undefined,
): Promise<void> {
  await replace({ file, next: `${file}.new`, content, mode, written });
}

/** The same with everything chosen. What is left of an earlier attempt under the name `next` is removed first. */
export async function replace({ file, next, content, mode, owner, written }: Replacement): Promise<void> {
  await rm(next, { force: true });
  try {
    await withFile(await open(next, 'wx', mode), async (handle) => {
      await writeFile(handle, content);
      if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
      // The umask may have taken something away.
      await handle.chmod(mode);
      await handle.sync();
    });
    written?.();
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(file));
}

/** After it, what was renamed or removed in the folder stays so. */
export async function syncFolder(folder: string): Promise<void> {
  await withFile(await open(folder, 'r'), (handle) => handle.sync());
}

async function withFile(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
