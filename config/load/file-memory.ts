import type { Diagnostic } from '../base/diagnostics.js';
import type { MapNode } from './source.js';

/** One configuration file as it was read. */
export interface FilePart {
  /** null = nothing usable. */
  readonly root: MapNode | null;
  readonly diagnostics: readonly Diagnostic[];
  /** The file itself and what its values were taken from. */
  readonly files: readonly string[];
  /** Over names and contents of `files`. */
  readonly digest: string;
}

/**
 * What one load leaves for the next: a file whose contents are the same is not parsed again, and one that surely
 * has not changed is not even read.
 */
export class FileMemory {
  /** Contents that are tried before they are written, by absolute path; null = as if the file were not there. */
  candidates: ReadonlyMap<string, Buffer | null> = new Map();
  /** Files that may have changed since the load before; null = any. */
  changed: ReadonlySet<string> | null = null;
  private before = new Map<string, FilePart>();
  private now = new Map<string, FilePart>();
  private readonly patterns = new Map<string, readonly string[]>();

  begin(changed: ReadonlySet<string> | null): void {
    this.changed = changed;
    this.before = this.now;
    this.now = new Map();
  }

  /** Null: it has to be read. */
  unread(file: string): FilePart | null {
    const part = this.before.get(file);
    const { changed } = this;
    if (part === undefined || changed === null || part.files.some((one) => changed.has(one))) return null;
    this.now.set(file, part);
    return part;
  }

  /** Null: it has to be parsed. */
  unparsed(file: string, digest: string): FilePart | null {
    const part = this.before.get(file);
    if (part?.digest !== digest) return null;
    this.now.set(file, part);
    return part;
  }

  keep(file: string, part: FilePart): FilePart {
    this.now.set(file, part);
    return part;
  }

  filesOf(pattern: string, find: () => readonly string[]): readonly string[] {
    const known = this.changed?.has(pattern) === false ? this.patterns.get(pattern) : undefined;
    const files = known ?? find();
    this.patterns.set(pattern, files);
    return files;
  }
}
