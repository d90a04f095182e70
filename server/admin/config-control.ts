/** What the admin API may ask about the configuration; the primary implements it. */
import type { Diagnostic } from '../../config/base/diagnostics.js';
import type { ChangePlan } from '../../config/change/diff.js';
import type { HistoryEntry } from '../../config/change/history.js';
import type { Explanation } from '../../config/effective/explain.js';
import type { SettingChanges, ValuesPage, ValuesQuery } from '../../config/effective/study.js';
import type { AdminCaller } from './frame/caller.js';

/** Every order rejects with a SluiceError; also when too much of the caller waits. */
export interface ConfigControl {
  /** The files on the disk, whether they serve or not. */
  files(): Promise<ConfigFilesView>;
  /** With the contents as they are written; passwords may stand in them. */
  file(caller: AdminCaller, path: string): Promise<ConfigFileText>;
  /** Of what serves. */
  values(caller: AdminCaller, query: ValuesQuery): Promise<ValuesPage>;
  explain(caller: AdminCaller, path: string): Promise<Explanation>;
  /** What is wrong with a file if it had this text. `file` '' = the main file. */
  validate(caller: AdminCaller, candidate: CandidateFile): Promise<TrialView>;
  /** The same, and what it would change in what serves. */
  diff(caller: AdminCaller, candidate: CandidateFile): Promise<TrialView>;
  apply(caller: AdminCaller, candidate: CandidateFile, order: ApplyOrder): Promise<ApplyView>;
  /** The newest first. */
  history(): Promise<readonly HistoryEntry[]>;
  /** What going back to it would change. */
  compare(caller: AdminCaller, id: number): Promise<TrialView>;
  rollback(caller: AdminCaller, id: number, order: ApplyOrder): Promise<ApplyView>;
}

export interface CandidateFile {
  /** Absolute, or relative to the folder of the main file; '' = the main file. */
  readonly file: string;
  readonly text: string;
}

export interface ApplyOrder {
  /**
   * The hash that the administrator saw: of the file, '' for a file that is not there; of a rollback that of all
   * files. `*` = whatever is there.
   */
  readonly hash: string;
  /** For the history. */
  readonly note: string;
}

export interface ConfigFileView {
  readonly file: string;
  /** '' = it is not there. */
  readonly hash: string;
  readonly bytes: number;
  /** '' = it may be written through the API. */
  readonly notWritable: string;
}

export interface ConfigFilesView {
  /** '' = an application's folder serves without a configuration file. */
  readonly main: string;
  /** Over all files. */
  readonly hash: string;
  /** Of what serves. */
  readonly version: string;
  /** Patterns and names of `include`, absolute. */
  readonly files: readonly ConfigFileView[];
}

export interface ConfigFileText extends ConfigFileView {
  readonly text: string;
}

export interface TrialView {
  readonly valid: boolean;
  /** Errors and warnings; of very many the first. */
  readonly problems: readonly Diagnostic[];
  readonly problemsTotal: number;
  /** Null: not valid, or not asked for. */
  readonly plan: ChangePlan | null;
  readonly settings: SettingChanges | null;
}

export interface ApplyView {
  /** `refused`: the one before serves on, and the files are as they were. */
  readonly outcome: 'applied' | 'refused';
  /** Why it was refused. */
  readonly problems: readonly Diagnostic[];
  /** Of a refusal while it was put to work, such as a port that somebody else has. */
  readonly reasons: readonly string[];
  readonly plan: ChangePlan | null;
  /** Every listener has taken it up; false: one did not say so in time, and is looked after by the primary. */
  readonly acknowledged: boolean;
  /** Of what serves now. */
  readonly version: string;
  /** Over all files as they are now. */
  readonly hash: string;
  /** Number in the history; 0 = none was made. */
  readonly entry: number;
}
