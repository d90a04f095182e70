/** What the compiler asks about an application's folder. Tenants fill it: every answer is bounded. */
import { type Dirent, constants } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { detectionBinaryBytesMax, detectionFolderEntriesMax, detectionJsonBytesMax } from '../base/limits.js';
import type { Sources } from '../load/document.js';
import type { WatchedFile } from '../model.js';
import { decodeText, readBounded } from '../load/read-file.js';

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

  async exists(): Promise<boolean> {
    return (await statOrNull(this.path))?.isDirectory() ?? false;
  }

  async isFile(name: string): Promise<boolean> {
    return (await statOrNull(this.resolve(name)))?.isFile() ?? false;
  }

  async isFolder(name: string): Promise<boolean> {
    return (await statOrNull(this.resolve(name)))?.isDirectory() ?? false;
  }

  /** Tells the watcher that the compiled result depends on this name. */
  lookedFor(name: string): void {
    this.sources.add(join(this.path, name), null);
  }

  /** Its stamp changes when the file does: size and time of change. */
  async stamp(name: string): Promise<WatchedFile> {
    const path = this.resolve(name);
    const found = await statOrNull(path);
    const stamp = found?.isFile() === true ? `${found.size} ${found.mtimeMs}` : '';
    this.sources.add(path, stamp);
    return { path, stamp };
  }

  /** Names directly in the folder, sorted; at most the limit. */
  async entries(): Promise<readonly string[]> {
    if (this.names !== null) return this.names;
    const names: string[] = [];
    try {
      for await (const entry of await opendir(this.path)) {
        if (isFileLike(entry)) names.push(entry.name);
        if (names.length >= detectionFolderEntriesMax) break;
      }
    } catch {
      // A folder that cannot be listed has no entries; starting the application says why.
    }
    this.names = names.sort();
    return this.names;
  }

  async json(name: string): Promise<JsonFile> {
    const path = this.resolve(name);
    const read = await readBounded(path, detectionJsonBytesMax, true);
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

async function statOrNull(path: string): Promise<Awaited<ReturnType<typeof stat>> | null> {
  try {
    return await stat(path);
  } catch {
    return null;
  }
}
