/**
 * What the compiler asks about an application's folder. Tenants fill it: every answer is bounded. Not asynchronous:
 * see `readBoundedNow`.
 */
import { type Dirent, constants, opendirSync, type Stats, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { detectionBinaryBytesMax, detectionFolderEntriesMax, detectionJsonBytesMax } from '../base/limits.js';
import type { Sources } from '../load/sources.js';
import type { WatchedFile } from '../model.js';
import { decodeText, readBoundedNow } from '../load/read-file.js';

/** Entries that one system call brings along. */
const bufferedEntries = 128;

export type JsonFile =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'absent' }
  | { readonly kind: 'bad'; readonly message: string };

export class AppFolder {
  readonly path: string;
  private readonly sources: Sources;
  private names: readonly string[] | null = null;

  constructor(path: string, sources: Sources) {
    this.path = path;
    this.sources = sources;
  }

  resolve(name: string): string {
    return resolve(this.path, name);
  }

  exists(): boolean {
    return statOrNull(this.path)?.isDirectory() ?? false;
  }

  isFile(name: string): boolean {
    return statOrNull(this.resolve(name))?.isFile() ?? false;
  }

  isFolder(name: string): boolean {
    return statOrNull(this.resolve(name))?.isDirectory() ?? false;
  }

  /** Tells the watcher that the compiled result depends on this name. */
  lookedFor(name: string): void {
    this.sources.add(join(this.path, name), null);
  }

  /** Its stamp changes when the file does: size and time of change. */
  stamp(name: string): WatchedFile {
    const path = this.resolve(name);
    const found = statOrNull(path);
    const stamp = found?.isFile() === true ? `${found.size} ${found.mtimeMs}` : '';
    this.sources.add(path, stamp);
    return { path, stamp };
  }

  /** Names directly in the folder, sorted; at most the limit. */
  entries(): readonly string[] {
    if (this.names !== null) return this.names;
    const names: string[] = [];
    try {
      const opened = opendirSync(this.path, { bufferSize: bufferedEntries });
      try {
        for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
          if (isFileLike(entry)) names.push(entry.name);
          if (names.length >= detectionFolderEntriesMax) break;
        }
      } finally {
        opened.closeSync();
      }
    } catch {
      // A folder that cannot be listed has no entries; starting the application says why.
    }
    this.names = names.sort();
    return this.names;
  }

  json(name: string): JsonFile {
    const path = this.resolve(name);
    const read = readBoundedNow(path, detectionJsonBytesMax, true);
    this.sources.add(path, read.kind === 'bytes' ? read.bytes : null);
    if (read.kind === 'absent') return { kind: 'absent' };
    if (read.kind === 'refused') return { kind: 'bad', message: read.message };
    try {
      return { kind: 'json', value: JSON.parse(decodeText(read.bytes) ?? '') as unknown };
    } catch {
      return { kind: 'bad', message: 'it is not valid JSON' };
    }
  }

  /** The first bytes of a file, latin1; '' when there are none. */
  async magic(name: string, length: number): Promise<string> {
    return (await this.scan(name, (chunk) => chunk.subarray(0, length).toString('latin1'))) ?? '';
  }

  /**
   * Runs `look` over the file in pieces that overlap by `overlap` bytes until it returns something else
   * than null.
   */
  async scan<T>(name: string, look: (piece: Buffer) => T | null, overlap = 0): Promise<T | null> {
    try {
      const handle = await open(this.resolve(name), constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        if (!(await handle.stat()).isFile()) return null;
        const buffer = Buffer.alloc(overlap + 1_048_576);
        let kept = 0;
        for (let read = 0; read < detectionBinaryBytesMax; ) {
          const { bytesRead } = await handle.read(buffer, kept, buffer.length - kept, null);
          if (bytesRead === 0) return null;
          read += bytesRead;
          const end = kept + bytesRead;
          const found = look(buffer.subarray(0, end));
          if (found !== null) return found;
          kept = Math.min(overlap, end);
          buffer.copy(buffer, 0, end - kept, end);
        }
      } finally {
        await handle.close();
      }
    } catch {
      // Unreadable is not a match.
    }
    return null;
  }
}

function isFileLike(entry: Dirent): boolean {
  return entry.isFile() || entry.isSymbolicLink();
}

function statOrNull(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
