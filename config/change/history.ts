/**
 * The configurations that were applied, with the contents of their files, in a folder of the instance's own state.
 * Contents are kept once for all entries that share them, readable by the owner only: passwords may be written in them.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  candidateBytesMax,
  configHistoryBytesMax,
  configHistoryFilesMax,
  configHistoryMax,
} from '../base/config-history-limits.js';
import { configFileBytesMax } from '../base/limits.js';
import { decodeText, readBounded } from '../load/read-file.js';
import { replaceFile } from './replace-file.js';

export interface HistoryFile {
  /** Absolute path. */
  readonly file: string;
  readonly hash: string;
  readonly bytes: number;
}

export interface HistoryEntry {
  /** Counted on from the first one ever. */
  readonly id: number;
  readonly atMs: number;
  /** Who asked for it; '' = nobody through the API. */
  readonly by: string;
  /** `start`, `apply`, `rollback to 7`, `SIGHUP`, `a file changed` ... */
  readonly cause: string;
  /** What the administrator said about it; '' = nothing. */
  readonly note: string;
  /** Over names and contents of the administrator's files. */
  readonly hash: string;
  /** Of the compiled configuration. */
  readonly version: string;
  /** What it changed, in a line. */
  readonly summary: string;
  readonly files: readonly HistoryFile[];
  /** False: the contents were too many or too large to be kept. */
  readonly canBeRestored: boolean;
}

/** Contents of the administrator's files as they are, by absolute path. */
export type Snapshot = ReadonlyMap<string, Buffer>;

export interface NewEntry extends Pick<HistoryEntry, 'atMs' | 'by' | 'cause' | 'note' | 'version' | 'summary'> {
  /** Null: too many files. */
  readonly snapshot: Snapshot | null;
  readonly hash: string;
}

const historyFormat = 1;
const indexBytesMax = 64 * candidateBytesMax;

/** Whatever the order of the files. */
export function hashOfFiles(files: readonly Pick<HistoryFile, 'file' | 'hash'>[]): string {
  const lines = files.map(({ file, hash }) => `${file}\0${hash}\0`).sort();
  return hashOf(lines.join('')).slice(0, 32);
}

export function hashOf(contents: string | Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}

/** One writer: calls follow each other. */
export class ConfigHistory {
  readonly #folder: string;
  #entries: readonly HistoryEntry[] | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'config-history');
  }

  /** The newest first. What cannot be read is as if nothing had been kept. */
  list(): Promise<readonly HistoryEntry[]> {
    return this.#inTurn(() => this.#read());
  }

  /** Rejects when the folder cannot be written; then the entries before are as they were. */
  add(entry: NewEntry): Promise<HistoryEntry> {
    return this.#inTurn(() => this.#add(entry));
  }

  /** The files of an entry; null when one of them is not there any more, or is not what was kept. */
  contents({ files, canBeRestored }: HistoryEntry): Promise<Snapshot | null> {
    return this.#inTurn(() => this.#contents(files, canBeRestored));
  }

  async #contents(files: readonly HistoryFile[], canBeRestored: boolean): Promise<Snapshot | null> {
    if (!canBeRestored) return null;
    const snapshot = new Map<string, Buffer>();
    for (const { file, hash } of files) {
      const read = await readBounded(this.#contentPath(hash), configFileBytesMax, false);
      if (read.kind !== 'bytes' || hashOf(read.bytes) !== hash) return null;
      snapshot.set(file, read.bytes);
    }
    return snapshot;
  }

  async #add({ snapshot, ...entry }: NewEntry): Promise<HistoryEntry> {
    const before = await this.#read();
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const files: HistoryFile[] = [];
    const known = new Set(before.flatMap((one) => (one.canBeRestored ? one.files.map(({ hash }) => hash) : [])));
    for (const [file, bytes] of snapshot ?? []) {
      const hash = hashOf(bytes);
      files.push({ file, hash, bytes: bytes.length });
      if (!known.has(hash)) await replaceFile(this.#contentPath(hash), bytes, 0o600);
      known.add(hash);
    }
    const isKept = snapshot !== null && files.length <= configHistoryFilesMax;
    const made: HistoryEntry = { ...entry, id: (before[0]?.id ?? 0) + 1, files, canBeRestored: isKept };
    const kept = bounded([made, ...before]);
    await replaceFile(this.#indexPath(), JSON.stringify({ format: historyFormat, entries: kept }), 0o600);
    this.#entries = kept;
    await this.#removeUnused(kept);
    return made;
  }

  async #read(): Promise<readonly HistoryEntry[]> {
    if (this.#entries !== null) return this.#entries;
    const read = await readBounded(this.#indexPath(), indexBytesMax, false);
    this.#entries = read.kind === 'bytes' ? entriesOf(decodeText(read.bytes) ?? '') : [];
    return this.#entries;
  }

  async #removeUnused(kept: readonly HistoryEntry[]): Promise<void> {
    const used = new Set(kept.flatMap(({ files }) => files.map(({ hash }) => `${hash}.txt`)));
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      if (/^[0-9a-f]{64}\.txt$/.test(name) && !used.has(name)) await rm(join(this.#folder, name), { force: true });
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #indexPath(): string {
    return join(this.#folder, 'entries.json');
  }

  #contentPath(hash: string): string {
    return join(this.#folder, `${hash}.txt`);
  }
}

/** The newest stays whatever its size. */
function bounded(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const kept: HistoryEntry[] = [];
  const counted = new Set<string>();
  let bytes = 0;
  for (const entry of entries.slice(0, configHistoryMax)) {
    for (const file of entry.files) {
      if (!counted.has(file.hash)) bytes += file.bytes;
      counted.add(file.hash);
    }
    if (kept.length > 0 && bytes > configHistoryBytesMax) break;
    kept.push(entry);
  }
  return kept;
}

/** Written by this program into its own folder: the format number stands for the rest of the shape. */
function entriesOf(text: string): readonly HistoryEntry[] {
  try {
    const stored: unknown = JSON.parse(text);
    return isStored(stored) ? stored.entries : [];
  } catch {
    return [];
  }
}

function isStored(value: unknown): value is { readonly entries: readonly HistoryEntry[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === historyFormat &&
    'entries' in value &&
    Array.isArray(value.entries)
  );
}
