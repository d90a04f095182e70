/** The administrator's files on the disk: their contents, hashes, and whether they may be written. */
import { dirname, resolve } from 'node:path';
import { configHistoryFilesMax } from '../../config/base/config-history-limits.js';
import { SluiceError } from '../../config/base/errors.js';
import { configFileBytesMax } from '../../config/base/limits.js';
import { hashOf, hashOfFiles, type Snapshot } from '../../config/change/history.js';
import { refusalOfFile, refusalOfFolder, refusalToWrite, type Writer } from '../../config/change/own-file.js';
import { decodeText, readBounded } from '../../config/load/read-file.js';
import type { ConfigFileText, ConfigFileView } from '../admin/config-control.js';

/** Files that are read at once. */
const readsAtOnce = 16;

export class ConfigFiles {
  readonly main: string;
  readonly writer: Writer;

  constructor(main: string, writer: Writer) {
    this.main = main;
    this.writer = writer;
  }

  /** '' = the main file. */
  pathOf(written: string): string {
    return written === '' ? this.main : resolve(dirname(this.main), written);
  }

  /** Files that are not there are left out; null: there are too many. */
  async snapshot(parts: readonly string[] | null): Promise<Snapshot | null> {
    if (parts === null || parts.length > configHistoryFilesMax) return null;
    const found = new Map<string, Buffer>();
    for (let from = 0; from < parts.length; from += readsAtOnce) {
      const some = parts.slice(from, from + readsAtOnce);
      const read = await Promise.all(some.map((file) => this.bytesOf(file)));
      for (const [index, file] of some.entries()) {
        const bytes = read[index] ?? null;
        if (bytes !== null) found.set(file, bytes);
      }
    }
    return found;
  }

  async view(file: string): Promise<ConfigFileView> {
    const { text: _, ...view } = await this.text(file);
    return view;
  }

  /** The same of many, from their contents. */
  async views(files: readonly string[], snapshot: Snapshot): Promise<readonly ConfigFileView[]> {
    const folders = new Map<string, string>();
    const views: ConfigFileView[] = [];
    for (const file of files) {
      const bytes = snapshot.get(file);
      const folder = dirname(file);
      const ofFolder = folders.get(folder) ?? (await refusalOfFolder(file, this.writer))?.message ?? '';
      folders.set(folder, ofFolder);
      const notWritable = ofFolder === '' ? ((await refusalOfFile(file, this.writer))?.message ?? '') : ofFolder;
      views.push({ file, hash: bytes === undefined ? '' : hashOf(bytes), bytes: bytes?.length ?? 0, notWritable });
    }
    return views;
  }

  async text(file: string): Promise<ConfigFileText> {
    const bytes = await this.bytesOf(file);
    const refusal = await refusalToWrite(file, this.writer);
    return {
      file,
      hash: bytes === null ? '' : hashOf(bytes),
      bytes: bytes?.length ?? 0,
      notWritable: refusal?.message ?? '',
      text: bytes === null ? '' : (decodeText(bytes) ?? ''),
    };
  }

  /** Null: it is not there. Throws a SluiceError for what cannot be read. */
  async bytesOf(file: string): Promise<Buffer | null> {
    const read = await readBounded(file, configFileBytesMax, true);
    if (read.kind === 'absent') return null;
    if (read.kind === 'bytes') return read.bytes;
    throw new SluiceError('file-unreadable', `${file}: ${read.message}`);
  }
}

export function hashOfSnapshot(snapshot: Snapshot): string {
  return hashOfFiles([...snapshot].map(([file, bytes]) => ({ file, hash: hashOf(bytes) })));
}
