/**
 * Administers the configuration: shows it, tries candidates, and applies them. What is applied is first tried, then
 * written, then loaded as after an edit by hand; when anybody refuses it the files get their old contents back. One
 * change at a time.
 */
import { configAcknowledgeLimitMs } from '../../config/base/config-history-limits.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { configThreadStaysFrom } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import type { Clock } from '../../config/base/clock.js';
import { planOf } from '../../config/change/diff.js';
import { ConfigHistory, hashOf, type HistoryEntry } from '../../config/change/history.js';
import { summaryOf } from '../../config/change/summary.js';
import type { ValuesQuery } from '../../config/effective/study.js';
import type { CompiledConfig } from '../../config/model.js';
import type {
  ApplyOrder,
  ApplyView,
  CandidateFile,
  ConfigControl,
  ConfigFilesView,
  TrialView,
} from '../admin/config-control.js';
import type { AdminCaller } from '../admin/frame/caller.js';
import { type Contents, ConfigWriter } from './config-writer.js';
import { ConfigFiles, hashOfSnapshot } from './config-files.js';
import type { ConfigOverrides, ServedDocument } from './config-loader.js';
import { type Candidates, type ConfigStudies, type StudiedConfig, type Trial } from './config-study.js';
import type { AppliedChange, Reloader, ReloadOutcome } from './reload.js';

export interface ConfigAdminParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly studies: ConfigStudies;
  /** Absolute path of the main file, or of the folder that serves alone. */
  readonly path: string;
  readonly overrides: ConfigOverrides;
  readonly history: ConfigHistory;
  readonly files: ConfigFiles;
  /** What serves. */
  current(): CompiledConfig;
  /** Every listener has what was published. */
  whenAllAcknowledged(): Promise<void>;
}

/** Loads the files again and puts them to work. */
export type Loading = Pick<Reloader, 'document' | 'problems' | 'reload'>;

/** What is being applied, for the history. */
interface Running {
  readonly by: string;
  readonly cause: string;
  readonly note: string;
  /** What it changes, as soon as that is known; null = to be found out. */
  summary: string | null;
}

export class ConfigAdmin implements ConfigControl {
  readonly #parts: ConfigAdminParts;
  readonly #writer: ConfigWriter;
  #attached: Loading | null = null;
  #running: Running | null = null;
  #noting: Promise<HistoryEntry | null> = Promise.resolve(null);
  #noted: ServedDocument | null = null;

  constructor(parts: ConfigAdminParts) {
    this.#parts = parts;
    this.#writer = new ConfigWriter(parts.files.writer, parts.log);
  }

  /** Until then the server is starting, and every order is refused. */
  attach(loading: Loading): void {
    this.#attached = loading;
  }

  /** Notes what serves now, unless the newest entry has the same files. `change` null: the start. */
  noteApplied(config: CompiledConfig, change: AppliedChange | null): void {
    const running = this.#running ?? { by: '', cause: change?.reason ?? 'start', note: '', summary: null };
    const before = change?.before ?? null;
    this.#noting = this.#noting.then(() => this.#note(config, before, running));
  }

  /** Whoever wants to read the files waits for it. */
  whenWritten(): Promise<unknown> {
    return this.#writer.whenWritten();
  }

  /** Resolves when nothing is being written. */
  async close(): Promise<void> {
    this.#parts.studies.close();
    await this.#noting;
  }

  async files(): Promise<ConfigFilesView> {
    const { files } = this.#parts;
    const parts = this.#partsOf();
    const snapshot = await files.snapshot(parts);
    const { version } = this.#parts.current();
    if (snapshot === null) return { main: files.main, hash: '', version, files: [await files.view(files.main)] };
    const views = await files.views(parts ?? [], snapshot);
    return { main: files.main, hash: hashOfSnapshot(snapshot), version, files: views };
  }

  async file(caller: AdminCaller, path: string): ReturnType<ConfigControl['file']> {
    const { files, studies } = this.#parts;
    const file = files.pathOf(path);
    const parts = this.#partsOf() ?? (await studies.ask<'parts'>(caller, this.#studied(), { kind: 'parts' })).parts;
    if (!parts.includes(file)) throw notOurs(file);
    return files.text(file);
  }

  async values(caller: AdminCaller, query: ValuesQuery): ReturnType<ConfigControl['values']> {
    return (await this.#parts.studies.ask<'values'>(caller, this.#studied(), { kind: 'values', query })).page;
  }

  async explain(caller: AdminCaller, path: string): ReturnType<ConfigControl['explain']> {
    return (await this.#parts.studies.ask<'explain'>(caller, this.#studied(), { kind: 'explain', path })).explanation;
  }

  async validate(caller: AdminCaller, candidate: CandidateFile): Promise<TrialView> {
    return trialView(await this.#try(caller, this.#contentsOf(candidate), false));
  }

  async diff(caller: AdminCaller, candidate: CandidateFile): Promise<TrialView> {
    return trialView(await this.#try(caller, this.#contentsOf(candidate), true));
  }

  apply(caller: AdminCaller, candidate: CandidateFile, { hash, note }: ApplyOrder): Promise<ApplyView> {
    return this.#alone({ by: caller.name, cause: 'apply', note, summary: null }, () => {
      const contents = this.#contentsOf(candidate);
      return this.#apply(caller, contents, async () => {
        for (const file of contents.keys()) {
          const now = await this.#parts.files.view(file);
          if (hash !== '*' && hash !== now.hash) throw changedMeanwhile(file, now.hash);
        }
      });
    });
  }

  history(): Promise<readonly HistoryEntry[]> {
    return this.#noting.then(() => this.#parts.history.list());
  }

  async compare(caller: AdminCaller, id: number): Promise<TrialView> {
    return trialView(await this.#try(caller, await this.#contentsOfEntry(await this.#entry(id)), true));
  }

  rollback(caller: AdminCaller, id: number, { hash, note }: ApplyOrder): Promise<ApplyView> {
    return this.#alone({ by: caller.name, cause: `rollback to ${id}`, note, summary: null }, async () => {
      const contents = await this.#contentsOfEntry(await this.#entry(id));
      return this.#apply(caller, contents, async () => {
        const now = await this.#hash();
        if (hash !== '*' && hash !== now) throw changedMeanwhile('a file of the configuration', now);
      });
    });
  }

  /** `seen` throws when somebody else was quicker. Only files of the configuration are looked at by it. */
  async #apply(caller: AdminCaller, contents: Contents, seen: () => Promise<void>): Promise<ApplyView> {
    const trial = await this.#try(caller, contents, true);
    if (!trial.isValid) return this.#view('refused', { problems: trial.problems });
    await seen();
    if (this.#running !== null && trial.plan !== null) this.#running.summary = summaryOf(trial.plan);
    const before: Contents = new Map();
    for (const file of contents.keys()) before.set(file, await this.#parts.files.bytesOf(file));
    await this.#writer.write(contents, before);
    const outcome = await this.#reload(contents);
    if (outcome === 'refused') {
      const reasons = this.#loading.problems;
      await this.#writer.restore(before);
      await this.#reload(before);
      return this.#view('refused', { reasons, problems: trial.problems });
    }
    const acknowledged = await this.#acknowledged();
    const noted = await this.#noting;
    return this.#view('applied', { problems: trial.problems, plan: trial.plan, acknowledged, entry: noted?.id ?? 0 });
  }

  #reload(contents: Contents): Promise<ReloadOutcome> {
    const { cause = '', by = '' } = this.#running ?? {};
    return this.#loading.reload(`${cause} by ${by}`, 'everything', new Set(contents.keys()));
  }

  async #acknowledged(): Promise<boolean> {
    const { clock } = this.#parts;
    let cancel = (): void => undefined;
    const tooLate = new Promise<boolean>((resolve) => {
      cancel = clock.setTimer(configAcknowledgeLimitMs, () => resolve(false), true);
    });
    const all = this.#parts.whenAllAcknowledged().then(() => true);
    const settled = await Promise.race([all, tooLate]);
    cancel();
    return settled;
  }

  async #try(caller: AdminCaller, contents: Contents, compare: boolean): Promise<Trial> {
    const candidates: Candidates = contents;
    const order = { kind: 'try', candidates, compare } as const;
    const { trial } = await this.#parts.studies.ask<'try'>(caller, this.#studied(), order);
    const [stranger] = trial.strangers;
    if (trial.isValid && stranger !== undefined) throw notOurs(stranger);
    return trial;
  }

  #contentsOf({ file, text }: CandidateFile): Contents {
    const { files } = this.#parts;
    this.#partsOf();
    return new Map([[files.pathOf(file), Buffer.from(text)]]);
  }

  /** What has to be written and removed to have the files of the entry. */
  async #contentsOfEntry(entry: HistoryEntry): Promise<Contents> {
    const { history, files } = this.#parts;
    const kept = await history.contents(entry);
    const now = await files.snapshot(this.#partsOf());
    if (kept === null || now === null) {
      const remedy = 'put the files back by hand, or go back to another one';
      throw new SluiceError('not-restorable', `the files of ${entry.id} were not kept`, remedy);
    }
    const contents: Contents = new Map();
    for (const [file, bytes] of kept) if (now.get(file)?.equals(bytes) !== true) contents.set(file, bytes);
    for (const file of now.keys()) if (!kept.has(file)) contents.set(file, null);
    return contents;
  }

  async #entry(id: number): Promise<HistoryEntry> {
    const found = (await this.history()).find((entry) => entry.id === id);
    if (found !== undefined) return found;
    const remedy = '`sluice config history` lists them';
    throw new SluiceError('no-such-configuration', `the history has no configuration ${id}`, remedy);
  }

  /** Over all files; '' = they are too many. */
  async #hash(): Promise<string> {
    const snapshot = await this.#parts.files.snapshot(this.#partsOf());
    return snapshot === null ? '' : hashOfSnapshot(snapshot);
  }

  /** Files of the configuration; null = too many. Throws when an application's folder serves alone. */
  #partsOf(): readonly string[] | null {
    const document = this.#loading.document;
    if (document === null) return [this.#parts.files.main];
    if (!document.alone) return document.parts;
    const remedy = 'write a sluice.yaml and start with it';
    throw new SluiceError('no-configuration-file', 'a folder is served without a configuration file', remedy);
  }

  #studied(): StudiedConfig {
    const { path, overrides } = this.#parts;
    const document = this.#loading.document;
    return { path, overrides, document: document === null || 'number' in document ? null : document };
  }

  get #loading(): Loading {
    if (this.#attached !== null) return this.#attached;
    throw new SluiceError('not-started', 'the server is starting', 'try again');
  }

  async #alone<T>(running: Running, run: () => Promise<T>): Promise<T> {
    if (this.#running !== null) {
      const { by, cause } = this.#running;
      throw new SluiceError('configuration-busy', `another change is being applied (${cause} by ${by})`, 'try again');
    }
    this.#running = running;
    try {
      return await run();
    } finally {
      this.#running = null;
    }
  }

  async #view(outcome: ApplyView['outcome'], more: Partial<ApplyView>): Promise<ApplyView> {
    const { version } = this.#parts.current();
    const hash = await this.#hash();
    const nothing = { problems: [], reasons: [], plan: null, acknowledged: false, entry: 0 };
    return { outcome, ...nothing, ...more, version, hash };
  }

  async #note(config: CompiledConfig, before: CompiledConfig | null, why: Running): Promise<HistoryEntry | null> {
    const { history, files, clock, log } = this.#parts;
    const document = this.#loading.document;
    // Under the same document only files of applications have changed.
    if (document === null || document.alone || document === this.#noted) return null;
    this.#noted = document;
    try {
      const snapshot = await files.snapshot(document.parts);
      const hash = snapshot === null ? hashOf(config.version) : hashOfSnapshot(snapshot);
      const [newest] = await history.list();
      if (newest?.hash === hash) return null;
      const summary = why.summary ?? (before === null || isLarge(config) ? '' : summaryOf(planOf(before, config)));
      return await history.add({ ...why, summary, atMs: clock.wallMs(), version: config.version, hash, snapshot });
    } catch (error) {
      log.warn('configuration-history-not-written', { error: messageOf(error) });
      return null;
    }
  }
}

/** Comparing such configurations is for a thread of its own. */
function isLarge({ sites, pools }: CompiledConfig): boolean {
  return sites.length + pools.length >= configThreadStaysFrom;
}

function trialView({ isValid, problems, problemsTotal, plan, settings }: Trial): TrialView {
  return { valid: isValid, problems, problemsTotal, plan, settings };
}

function changedMeanwhile(file: string, hash: string): SluiceError {
  const is = hash === '' ? 'it is not there' : `its hash is ${hash.slice(0, 16)}...`;
  const remedy = 'look at what is there now, and make the change again';
  return new SluiceError('configuration-changed', `${file} is not what you saw: ${is}`, remedy);
}

function notOurs(file: string): SluiceError {
  const remedy = 'the main file, files that it includes, and new ones that a pattern of include takes are';
  return new SluiceError('not-a-configuration-file', `${file} is no file of this configuration`, remedy);
}
