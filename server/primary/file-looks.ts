import { stat } from 'node:fs/promises';

/** Changes when one of the files appears, disappears, is replaced or written. */
export async function fileLooks(files: readonly string[]): Promise<string> {
  const looks = files.map((file) =>
    stat(file).then(
      ({ ino, size, mtimeMs, ctimeMs }) => `${ino}:${size}:${mtimeMs}:${ctimeMs}`,
      () => '-',
    ),
  );
  return (await Promise.all(looks)).join(' ');
}
