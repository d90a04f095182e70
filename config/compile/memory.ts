/**
 * What one load of a configuration leaves for the next in the same thread, so that a change of one file among ten
 * thousand costs what that file costs. Everything hangs on the identity of what was read: a file that is the same
 * gives the same nodes, the same nodes give the same values, and these the same compiled parts.
 */
import { dirname } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { FileMemory } from '../load/file-memory.js';
import { type MapNode, type Place, type SourceNode, toPlain } from '../load/source.js';
import type { ApplicationConfig } from '../model.js';
import type { CompiledPool } from './pools.js';
import type { CompiledSite } from './sites.js';

/** Names of what is gone that may stay. */
const namedSpare = 1_000;

const entryLists: ReadonlySet<string> = new Set(['sites', 'applicationPools']);

/** The applications of one site as they were compiled. */
export interface KeptApplications {
  /** What they were compiled with; the site's place counts only where something was said about it. */
  readonly inputs: readonly unknown[];
  readonly siteIndex: number;
  readonly pools: readonly CompiledPool[];
  readonly poolNames: readonly string[];
  /** Before what depends on other sites is decided. */
  readonly compiled: readonly KeptApplication[];
  readonly diagnostics: readonly Diagnostic[];
  /** What was read or looked for, and the folders of it. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
  readonly digest: string;
}

export interface KeptApplication {
  /** Of the list in the file. */
  readonly index: number;
  readonly config: ApplicationConfig;
  /** Where a .NET application asked to run in-process. */
  readonly note: Place | null;
}

/** One entry of `sites` or `applicationPools`, or the defaults of them, as long as its file stays the same. */
export class Entry {
  readonly plain: unknown;
  /** Where it stands; '' = made of a part of a document. */
  readonly file: string;
  /** The id that its name gives. */
  idOfName = 0;
  /** Its shape is right. */
  isSound = false;
  /** Every setting in it acts. */
  isActing = false;
  secrets: readonly string[] | null = null;
  pool: { readonly defaults: unknown; readonly pool: CompiledPool } | null = null;
  site: CompiledSite | null = null;
  applications: KeptApplications | null = null;
  /** Of the entry that had its name before. */
  applicationsBefore: KeptApplications | null = null;

  constructor(plain: unknown, file = '') {
    this.plain = plain;
    this.file = file;
  }
}

export class LoadMemory {
  readonly files = new FileMemory();
  /** Defaults -> settings of the pool that nobody declared. */
  readonly implicit = new WeakMap<object, Entry>();
  #entries = new Map<SourceNode, Entry>();
  /** By list and name: what was compiled last under this name, whatever file it came from. */
  #named = new Map<string, Entry>();
  /** Keys of certificates whose files could be used when they were opened last. */
  readonly #goodCertificates = new Set<string>();
  #folders: ReadonlySet<string> = new Set();
  #changedFolders: ReadonlySet<string> | null = null;

  /** `changed`: the only files that may have changed since the load before; null = any. */
  begin(changed: ReadonlySet<string> | null): void {
    this.files.begin(changed);
    this.#changedFolders = changed === null ? null : new Set([...changed].map((file) => dirname(file)));
  }

  /** Of a document: its lists of maps, and its maps, by key. What this document does not have is forgotten. */
  entriesOf(root: MapNode): ReadonlyMap<string, Entry | readonly Entry[]> {
    const before = this.#entries;
    const now = new Map<SourceNode, Entry>();
    const entryOf = (node: SourceNode): Entry => {
      const entry = before.get(node) ?? now.get(node) ?? new Entry(toPlain(node), node.place.file);
      now.set(node, entry);
      return entry;
    };
    const found = new Map<string, Entry | readonly Entry[]>();
    for (const [key, { value }] of root.entries) {
      if (value.kind === 'list' && entryLists.has(key)) found.set(key, value.items.map(entryOf));
      else if (value.kind === 'map') found.set(key, entryOf(value));
    }
    this.#entries = now;
    return found;
  }

  /** Where the last one of this name was; from now on it is `entry`. */
  named(list: 'sites' | 'applicationPools', name: string, entry: Entry): Entry | null {
    const key = `${list} ${name}`;
    const before = this.#named.get(key) ?? null;
    this.#named.set(key, entry);
    if (this.#named.size > namedSpare + 2 * this.#entries.size) this.#named = new Map();
    return before === entry ? null : before;
  }

  /** It was good, and it is known that none of its files has changed since. */
  isGoodCertificate(key: string, files: readonly string[]): boolean {
    const { changed } = this.files;
    return changed !== null && this.#goodCertificates.has(key) && !files.some((file) => changed.has(file));
  }

  noteCertificate(key: string, isGood: boolean): void {
    if (isGood) this.#goodCertificates.add(key);
    else this.#goodCertificates.delete(key);
  }

  /** Forgets those that nobody names any more. */
  keepCertificates(named: ReadonlySet<string>): void {
    for (const key of this.#goodCertificates) if (!named.has(key)) this.#goodCertificates.delete(key);
  }

  /** Nothing that was read for it has changed. */
  isUntouched({ folders }: KeptApplications): boolean {
    const changed = this.#changedFolders;
    return changed !== null && !folders.some((folder) => changed.has(folder));
  }

  /**
   * Takes the folders of all applications. Returns those that hold a folder which came or went since the load
   * before: what lies inside another application is not searched.
   */
  around(folders: ReadonlySet<string>): ReadonlySet<string> {
    const before = this.#folders;
    this.#folders = folders;
    const holders = new Set<string>();
    const note = (folder: string): void => {
      for (let up = dirname(folder); !holders.has(up); up = dirname(up)) holders.add(up);
    };
    for (const folder of folders) if (!before.has(folder)) note(folder);
    for (const folder of before) if (!folders.has(folder)) note(folder);
    return holders;
  }
}
