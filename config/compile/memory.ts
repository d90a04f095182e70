/**
 * What one load of a configuration leaves for the next in the same thread, so that a change of one file among ten
 * thousand costs what that file costs. Everything hangs on the identity of what was read: a file that is the same
 * gives the same nodes, the same nodes give the same values, and these the same compiled parts.
 */
import { dirname } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { FileMemory } from '../load/file-memory.js';
import type { Place, SourceNode } from '../load/source.js';
import type { ApplicationConfig, PoolConfig } from '../model.js';
import type { CompiledPool } from './pools.js';
import type { CompiledSite } from './sites.js';

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

export class LoadMemory {
  readonly files = new FileMemory();
  /** Plain data of nodes. */
  readonly plain = new WeakMap<SourceNode, unknown>();
  /** Entries whose shape is right. */
  readonly sound = new WeakSet<object>();
  /** Secret texts of an entry of a list. */
  readonly secrets = new WeakMap<SourceNode, readonly string[]>();
  /** Entries of lists in which every setting acts. */
  readonly acting = new WeakSet<SourceNode>();
  readonly pools = new WeakMap<object, { readonly defaults: unknown; readonly pool: CompiledPool }>();
  /** Defaults -> settings of the pool that nobody declared. */
  readonly implicit = new WeakMap<object, object>();
  readonly sites = new WeakMap<object, CompiledSite>();
  readonly applications = new WeakMap<object, KeptApplications>();
  readonly poolDigests = new WeakMap<PoolConfig, string>();
  #folders: ReadonlySet<string> = new Set();
  #changedFolders: ReadonlySet<string> | null = null;

  /** `changed`: the only files that may have changed since the load before; null = any. */
  begin(changed: ReadonlySet<string> | null): void {
    this.files.begin(changed);
    this.#changedFolders = changed === null ? null : new Set([...changed].map((file) => dirname(file)));
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
