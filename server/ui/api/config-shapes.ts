/** What the routes of the configuration answer. */
export interface Source {
  /** Section that says it, or default, detection, machine. */
  readonly from: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Values {
  readonly version: string;
  readonly total: number;
  readonly values: readonly { readonly path: string; readonly value: unknown; readonly source: Source }[];
}

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

export interface Names {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface Plan {
  readonly pools: readonly { readonly pool: string; readonly change: 'added' | 'removed' | 'recycle' | 'live' }[];
  readonly routes: boolean;
  readonly restart: readonly string[];
  readonly sites: Names;
  readonly applications: Names;
}

export interface Side {
  readonly value: unknown;
  readonly source: Source;
}

export interface Trial {
  readonly valid: boolean;
  readonly problems: readonly Problem[];
  readonly problemsTotal: number;
  readonly plan: Plan | null;
  readonly settings: {
    readonly total: number;
    readonly changes: readonly { readonly path: string; readonly before: Side | null; readonly after: Side | null }[];
  } | null;
}

export interface Applied {
  readonly acknowledged: boolean;
  readonly version: string;
  readonly hash: string;
}

export interface Files {
  readonly main: string;
  readonly hash: string;
  readonly files: readonly FileHead[];
}

export interface FileHead {
  readonly file: string;
  readonly hash: string;
  readonly bytes: number;
  /** '' = it may be written through the API. */
  readonly notWritable: string;
}

export type FileText = FileHead & { readonly text: string };

export interface HistoryEntry {
  readonly id: number;
  readonly atMs: number;
  readonly by: string;
  readonly cause: string;
  readonly note: string;
  readonly hash: string;
  readonly version: string;
  readonly summary: string;
  readonly files: number;
  readonly canBeRestored: boolean;
}

export interface History {
  readonly entries: readonly HistoryEntry[];
}
