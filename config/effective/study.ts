/** Looks at a configuration, that which serves or one that is not written yet, without using it. */
import { SluiceError } from '../base/errors.js';
import { type LoadOptions, type LoadResult, loadConfig } from '../compile/compile.js';
import type { OpenedDocument } from '../compile/open-document.js';
import { LoadMemory } from '../compile/memory.js';
import type { MapNode } from '../load/source.js';
import { readSettingPath, isWithin, type NamesAt, showSettingPath, type Step } from './setting-path.js';
import {
  type Setting,
  settingsOf,
  type SettingValue,
  settingValue,
  identityOf,
  sourceOf,
  type ValueSource,
} from './values.js';
import { type Inspected, isSameSubject, namesOf, type Subject, subjectsOf } from './subjects.js';

export interface Study {
  readonly loaded: LoadResult;
  /** Null exactly when there are errors among the diagnostics. */
  readonly inspected: Inspected | null;
  readonly secrets: ReadonlySet<string>;
}

/** Contents that stand for files as long as they are only tried; null = the file is gone. By absolute path. */
export type Candidates = ReadonlyMap<string, Buffer | null>;

type StudyOptions = Omit<LoadOptions, 'memory' | 'origins' | 'lastGood' | 'changed'>;

/** Several looks at one configuration: what is the same in all of them is read and compiled once. */
export class Studies {
  readonly #path: string;
  readonly #options: StudyOptions;
  readonly #memory = new LoadMemory();
  /** What is not compiled again has no new origins. */
  #webConfigs: ReadonlyMap<string, MapNode> = new Map();
  #hasRead = false;

  constructor(path: string, options: StudyOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** `document`: instead of the files. */
  async look(candidates: Candidates = new Map(), document: OpenedDocument | null = null): Promise<Study> {
    const tried = [...this.#memory.files.candidates.keys(), ...candidates.keys()];
    this.#memory.files.candidates = candidates;
    const webConfigs = new Map(this.#webConfigs);
    const loaded = await loadConfig(this.#path, {
      ...this.#options,
      memory: this.#memory,
      origins: webConfigs,
      ...(document === null ? {} : { document }),
      ...(this.#hasRead ? { changed: new Set(tried) } : {}),
    });
    this.#hasRead = document === null;
    this.#webConfigs = webConfigs;
    const root = loaded.document?.root ?? null;
    const { config } = loaded;
    const inspected = config === null || root === null ? null : { root, config, webConfigs };
    return { loaded, inspected, secrets: new Set(loaded.secrets) };
  }
}

/** Every setting of the configuration that lies in `path`. */
export function* settingsWithin(inspected: Inspected, path: string): Generator<Setting> {
  for (const subject of subjectsOf(inspected)) {
    const prefix = showSettingPath(subject.prefix);
    if (!isWithin(prefix, path) && !isWithin(path, prefix)) continue;
    for (const setting of settingsOf(subject)) {
      if (isWithin(showSettingPath(setting.steps), path)) yield setting;
    }
  }
}

export interface ValuesQuery {
  /** '' = all. */
  readonly path: string;
  /** Only what a file or folder says, without defaults. */
  readonly written: boolean;
  readonly offset: number;
  readonly limit: number;
}

export interface ValuesPage {
  readonly path: string;
  readonly values: readonly SettingValue[];
  /** Of the whole answer, of which `values` are a part. */
  readonly total: number;
}

/** Throws a SluiceError when there is nothing at the path. */
export function valuesOf(inspected: Inspected, secrets: ReadonlySet<string>, query: ValuesQuery): ValuesPage {
  const path = showSettingPath(stepsOf(query.path, namesOf(inspected)));
  const values: SettingValue[] = [];
  let [total, seen] = [0, 0];
  for (const setting of settingsWithin(inspected, path)) {
    seen += 1;
    if (query.written && sourceOf(setting).file === '') continue;
    if (total >= query.offset && values.length < query.limit) values.push(settingValue(setting, secrets));
    total += 1;
  }
  if (seen === 0) throw unknownSetting(query.path);
  return { path, values, total };
}

export function stepsOf(path: string, names: NamesAt): readonly Step[] {
  const steps = readSettingPath(path, names);
  if (steps === null) throw unknownSetting(path);
  return steps;
}

export function unknownSetting(path: string, remedy = ''): SluiceError {
  const how =
    'pools, sites and applications are named: applicationPools.NAME.queueLength, sites.NAME.applications["/"]';
  return new SluiceError('no-such-setting', `there is no setting ${path}`, remedy === '' ? how : remedy);
}

/** Of one setting that differs: null on the side where it is not there. */
export interface SettingChange {
  readonly path: string;
  readonly before: { readonly value: unknown; readonly source: ValueSource } | null;
  readonly after: { readonly value: unknown; readonly source: ValueSource } | null;
}

export interface SettingChanges {
  /** Of very many the first. */
  readonly changes: readonly SettingChange[];
  readonly total: number;
}

/** What takes effect otherwise; where it is written does not matter. Changed secrets are listed as `***`. */
export function changedSettings(before: Study, after: Study, limit: number): SettingChanges {
  const [was, is] = [subjectsByName(before), subjectsByName(after)];
  for (const [name, subject] of is) {
    const same = was.get(name);
    if (same === undefined || !isSameSubject(same, subject)) continue;
    was.delete(name);
    is.delete(name);
  }
  const old = new Map<string, Setting>();
  for (const subject of was.values()) {
    for (const setting of settingsOf(subject)) old.set(showSettingPath(setting.steps), setting);
  }
  const changes: SettingChange[] = [];
  let total = 0;
  const secrets = new Set([...before.secrets, ...after.secrets]);
  const note = (path: string, one: Setting | null, other: Setting | null): void => {
    total += 1;
    if (changes.length < limit) changes.push({ path, before: side(one, secrets), after: side(other, secrets) });
  };
  for (const subject of is.values()) {
    for (const setting of settingsOf(subject)) {
      const path = showSettingPath(setting.steps);
      const one = old.get(path) ?? null;
      old.delete(path);
      if (one === null || identityOf(one) !== identityOf(setting)) note(path, one, setting);
    }
  }
  for (const [path, one] of old) note(path, one, null);
  return { changes, total };
}

function subjectsByName({ inspected }: Study): Map<string, Subject> {
  const found = new Map<string, Subject>();
  if (inspected === null) return found;
  for (const subject of subjectsOf(inspected)) found.set(showSettingPath(subject.prefix), subject);
  return found;
}

function side(setting: Setting | null, secrets: ReadonlySet<string>): SettingChange['before'] {
  if (setting === null) return null;
  const { value, source } = settingValue(setting, secrets);
  return { value, source };
}
