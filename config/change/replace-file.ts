/** Replacing a file so that at every moment, also after a power cut, its name leads to the whole old or the whole new one. */
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Written beside the file, synced, renamed, and the folder synced. One writer at a time for each file. Rejects
 * when the disk is full or fails; then the old file is as it was. `written` is called before the rename.
 */
export async function replaceFile(
  file: string,
  content: string | AsyncIterable<string>,
  mode: number,
  written: () => void = () => undefined,
): Promise<void> {
  const next = `${file}.new`;
  try {
    await withFile(await open(next, 'w', mode), async (handle) => {
      await writeFile(handle, content);
      await handle.sync();
    });
    written();
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true }).catch(() => undefined);
    throw error;
  }
  await withFile(await open(dirname(file), 'r'), (handle) => handle.sync());
}

async function withFile(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
