/**
 * Says which files of the configuration may have changed. Folders are watched, not files, because editors replace
 * files; only names that matter wake it. A slow poll stands in where the kernel tells nothing (network and overlay
 * file systems, no watches left).
 */
import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { codeOf } from '../../config/base/errors.js';
import {
  fileTimeLagMs,
  watchedFilesPerTurn,
  watchDelayMaxMs,
  watchedFoldersMax,
  watchPollIntervalMs,
  watchRenameDelayMs,
  watchWriteDelayMs,
} from '../../config/base/limits.js';
import { folderOfPattern, isPattern, patternTakes } from '../../config/load/glob.js';
import { absentLook as absent, lookOf, timesIn } from './file-looks.js';

/** Of what was told to change and not looked at since: a look at it cannot say what a load has read meanwhile. */
const unknown = '?';

interface WatchedFile {
  /** Groups and folders that want it. */
  users: number;
  /** What it looked like when it was read last. */
  signature: string;
  /** Wall time of the newest sign that another file took its name; null = it was written since. */
  movedAtMs: number | null;
}

/** When files that are new to the watch began to be read. */
interface Since {
  readonly ms: number;
  /** Folders that were looked at, and whether names in them changed since. */
  readonly folders: Map<string, boolean>;
}

interface WatchedFolder {
  /** What matters in it, patterns too. */
  readonly files: Set<string>;
  readonly patterns: Set<string>;
  /** It was not there: its parent is watched for it. */
  readonly isAwaited: boolean;
  /** What the folder itself looked like: while it is the same, nothing that was not there is. */
  signature: string;
  watcher: FSWatcher | null;
}

export class ConfigWatcher {
  readonly #clock: Clock;
  readonly #changed: (files: ReadonlySet<string>) => void;
  readonly #unwatched: (folder: string, error: string) => void;
  #groups = new Set<readonly string[]>();
  readonly #files = new Map<string, WatchedFile>();
  readonly #folders = new Map<string, WatchedFolder>();
  /** Folders that have no watcher of the kernel yet; missing ones are told of by their parents. */
  readonly #deaf = new Set<string>();
  #watchers = 0;
  #isFull = false;
  /** Files that something was told about since the last look. */
  #suspects = new Set<string>();
  /** Patterns with a file that was not there at the last look. */
  #found = new Set<string>();
  /** When the first of them was told, and when they are looked at; 0 = nothing was. */
  #firstMs = 0;
  #dueMs = 0;
  #cancelLook: CancelTimer = () => undefined;
  #cancelPoll: CancelTimer = () => undefined;

  /** `unwatched`: the kernel has no watch left for this folder and all that follow; told once. */
  constructor(
    clock: Clock,
    changed: (files: ReadonlySet<string>) => void,
    unwatched: (folder: string, error: string) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#changed = changed;
    this.#unwatched = unwatched;
  }

  /** When another file took this name (wall time), if nobody was seen writing to it since; else null. */
  movedAtMs(path: string): number | null {
    return this.#files.get(path)?.movedAtMs ?? null;
  }

  /** The files are about to be read: what changes from now on is noticed, also before `watch` is called again. */
  reading(): void {
    if (this.#files.size > watchedFilesPerTurn) return;
    for (const [path, file] of this.#files) file.signature = signatureOf(path);
  }

  /**
   * From now on these files; none ends the watch. A group that is the same object as before costs nothing.
   * `readSinceMs`: wall time at which reading them began; a file that is new here and changed since counts as changed.
   */
  watch(groups: readonly (readonly string[])[], readSinceMs = Number.POSITIVE_INFINITY): void {
    const before = this.#groups;
    this.#groups = new Set(groups);
    const since = { ms: readSinceMs - fileTimeLagMs, folders: new Map<string, boolean>() };
    for (const group of this.#groups) if (!before.has(group)) for (const path of group) this.#use(path, since);
    for (const group of before) if (!this.#groups.has(group)) for (const path of group) this.#leave(path);
    this.#openWatchers();
    this.#cancelPoll();
    if (this.#files.size === 0) return;
    this.#schedulePoll();
    // What changed while the files were read may have told nobody.
    if (before.size > 0 && this.#files.size <= watchedFilesPerTurn) {
      for (const path of this.#files.keys()) this.#suspects.add(path);
    }
    if (this.#suspects.size > 0 && this.#dueMs === 0) this.#lookAfter(watchWriteDelayMs);
  }

  close(): void {
    this.watch([]);
    this.#dueMs = 0;
    this.#cancelLook();
    this.#cancelPoll();
  }

  #use(path: string, since: Since): void {
    const known = this.#files.get(path);
    if (known !== undefined) {
      known.users += 1;
      return;
    }
    const signature = signatureOf(path);
    this.#files.set(path, { users: 1, signature, movedAtMs: null });
    if (isTouched(path, signature, since)) this.#suspect(path);
    const folder = folderOf(path);
    let watched = this.#folders.get(folder);
    if (watched === undefined) {
      // A folder that is not there is made before the file in it is.
      const isAwaited = !existsSync(folder) && dirname(folder) !== folder;
      watched = { files: new Set(), patterns: new Set(), isAwaited, signature: signatureOf(folder), watcher: null };
      this.#folders.set(folder, watched);
      if (isAwaited) this.#use(folder, since);
      else this.#deaf.add(folder);
    }
    watched.files.add(path);
    if (isPattern(path)) watched.patterns.add(path);
  }

  #leave(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    file.users -= 1;
    if (file.users > 0) return;
    this.#files.delete(path);
    const folder = folderOf(path);
    const watched = this.#folders.get(folder);
    watched?.files.delete(path);
    watched?.patterns.delete(path);
    if (watched === undefined || watched.files.size > 0) return;
    this.#close(watched);
    this.#folders.delete(folder);
    this.#deaf.delete(folder);
    if (watched.isAwaited) this.#leave(folder);
  }

  #close(folder: WatchedFolder): void {
    if (folder.watcher === null) return;
    folder.watcher.close();
    folder.watcher = null;
    this.#watchers -= 1;
  }

  #openWatchers(): void {
    for (const path of this.#deaf) {
      const folder = this.#folders.get(path);
      if (folder === undefined || this.#isFull) continue;
      if (this.#watchers >= watchedFoldersMax) return this.#full(path, `more than ${watchedFoldersMax} folders`);
      try {
        const watcher = watch(path, { persistent: false }, (event, name) => this.#event(path, event, name));
        folder.watcher = watcher;
        this.#watchers += 1;
        this.#deaf.delete(path);
        // The folder is gone: the poll notices what replaces it.
        watcher.on('error', () => {
          if (folder.watcher !== watcher) return;
          this.#close(folder);
          if (this.#folders.get(path) === folder) this.#deaf.add(path);
        });
      } catch (error) {
        // Missing: its parent tells. No watch left: the poll stands in.
        const code = codeOf(error);
        if (code === 'ENOSPC' || code === 'EMFILE') return this.#full(path, code);
      }
    }
  }

  #full(folder: string, error: string): void {
    if (!this.#isFull) this.#unwatched(folder, error);
    this.#isFull = true;
  }

  #event(path: string, event: 'rename' | 'change', name: string | null): void {
    const folder = this.#folders.get(path);
    if (folder === undefined) return;
    const file = join(path, name ?? '');
    const known = this.#files.get(file);
    let isNews = name === null;
    if (name === null) for (const one of folder.files) this.#suspect(one);
    else if (known !== undefined) {
      known.movedAtMs = event === 'rename' ? this.#clock.wallMs() : null;
      this.#suspect(file);
      isNews = true;
    } else {
      for (const pattern of patternsOf(folder, name)) {
        this.#found.add(pattern);
        isNews = true;
      }
    }
    if (isNews && event === 'rename') this.#lookAfter(watchRenameDelayMs);
    else if (isNews) this.#lookAfter(watchWriteDelayMs);
  }

  /**
   * It may have come and gone between two looks, and a load may have read it then: it counts as changed however it
   * looks. A folder that came or went takes the files in it along.
   */
  #suspect(path: string): void {
    this.#suspects.add(path);
    const known = this.#files.get(path);
    if (known !== undefined) known.signature = unknown;
    const below = this.#folders.get(path);
    if (below === undefined) return;
    // The watch holds on to what was removed: the next one is of what is there now.
    this.#close(below);
    this.#deaf.add(path);
    for (const file of below.files) this.#suspect(file);
  }

  /** A rename is looked at soon, and writes once they pause; nothing is put off again and again. */
  #lookAfter(delayMs: number): void {
    const now = this.#clock.monotonicMs();
    const isPending = this.#dueMs > 0;
    if (!isPending) this.#firstMs = now;
    const due = Math.min(now + delayMs, this.#firstMs + watchDelayMaxMs);
    if (isPending && delayMs <= watchRenameDelayMs && this.#dueMs <= due) return;
    this.#dueMs = due;
    this.#cancelLook();
    this.#cancelLook = this.#clock.setTimer(Math.max(0, due - now), () => this.#look());
  }

  #look(): void {
    this.#dueMs = 0;
    this.#openWatchers();
    const suspects = this.#suspects;
    const changed = this.#found;
    this.#suspects = new Set();
    this.#found = new Set();
    for (const pattern of changed) this.#isChanged(pattern);
    for (const path of suspects) {
      if (!this.#isChanged(path)) continue;
      changed.add(path);
      if (this.#files.get(path)?.signature !== absent) continue;
      const folder = this.#folders.get(dirname(path));
      if (folder !== undefined) for (const pattern of patternsOf(folder, basename(path))) changed.add(pattern);
    }
    this.#report([...changed]);
  }

  #isChanged(path: string): boolean {
    const file = this.#files.get(path);
    if (file === undefined) return false;
    const signature = signatureOf(path);
    const isSame = signature === file.signature;
    file.signature = signature;
    if (!isSame && this.#folders.get(path)?.watcher === null) this.#deaf.add(path);
    return !isSame;
  }

  #report(changed: readonly string[]): void {
    if (changed.length > 0) this.#changed(new Set(changed));
  }

  #schedulePoll(): void {
    this.#cancelPoll = this.#clock.setTimer(watchPollIntervalMs, () => {
      this.#openWatchers();
      this.#poll(this.#folders.entries());
    });
  }

  /** With many files in several turns: the primary has other things to do. */
  #poll(left: Iterator<[string, WatchedFolder]>): void {
    const changed: string[] = [];
    for (let count = 0; count < watchedFilesPerTurn; count++) {
      const next = left.next();
      if (next.done === true) {
        this.#report(changed);
        return this.#schedulePoll();
      }
      const [path, folder] = next.value;
      const signature = signatureOf(path);
      const isSame = signature === folder.signature;
      folder.signature = signature;
      for (const file of folder.files) {
        if (isSame && this.#files.get(file)?.signature === absent) continue;
        count += 1;
        if (this.#isChanged(file)) changed.push(file);
      }
    }
    this.#report(changed);
    this.#cancelPoll = this.#clock.setTimer(0, () => this.#poll(left));
  }
}

function patternsOf({ patterns }: WatchedFolder, name: string): string[] {
  return [...patterns].filter((pattern) => patternTakes(pattern, name));
}

function folderOf(path: string): string {
  return isPattern(path) ? folderOfPattern(path) : dirname(path);
}

/** Changes when the file appears, disappears, is replaced or written; that of a pattern with the names in its folder. */
function signatureOf(path: string): string {
  try {
    return lookOf(statSync(isPattern(basename(path)) ? folderOfPattern(path) : path, { throwIfNoEntry: false }));
  } catch {
    return absent;
  }
}

/** Whether it may have changed since then. Of what is not there the folder tells, once for all of its files. */
function isTouched(path: string, signature: string, { ms, folders }: Since): boolean {
  if (ms === Number.POSITIVE_INFINITY) return false;
  if (signature !== absent && !isPattern(path)) return timesIn(signature).ctimeMs >= ms;
  const folder = folderOf(path);
  const known = folders.get(folder) ?? timesIn(signatureOf(folder)).mtimeMs >= ms;
  folders.set(folder, known);
  return known;
}
