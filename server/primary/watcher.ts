/**
 * Says "look again" when a file of the configuration may have changed. Folders are watched, not files,
 * because editors replace files; only names that matter wake it. A slow poll stands in where the kernel
 * tells nothing (network and overlay file systems).
 */
import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import {
  watchedFoldersMax,
  watchPollIntervalMs,
  watchRenameDelayMs,
  watchWriteDelayMs,
} from '../../config/base/limits.js';

export class ConfigWatcher {
  readonly #clock: Clock;
  readonly #changed: () => void;
  /** File -> what it looked like when it was read last. */
  #signatures = new Map<string, string>();
  readonly #watchers = new Map<string, FSWatcher>();
  /** Folder -> the names in it that matter. */
  #names = new Map<string, Set<string>>();
  #cancelLook: CancelTimer = () => undefined;
  #cancelPoll: CancelTimer = () => undefined;

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** The files are about to be read: what changes from now on is noticed, also before `watch` is called again. */
  reading(): void {
    this.#signatures = signaturesOf(this.#signatures.keys());
  }

  /** From now on these files; an empty list ends the watch. */
  watch(files: readonly string[]): void {
    const known = this.#signatures;
    this.#signatures = new Map(files.map((file) => [file, known.get(file) ?? signatureOf(file)]));
    this.#names = new Map();
    for (const file of files) {
      this.#await(file);
      // A folder that is not there is made before the file in it is.
      if (!existsSync(dirname(file))) this.#await(dirname(file));
    }
    for (const [folder, watcher] of this.#watchers) {
      if (this.#names.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    this.#openWatchers();
    this.#cancelPoll();
    if (files.length === 0) return;
    this.#schedulePoll();
    // What changed while the files were read told nobody.
    if (known.size > 0) this.#lookAfter(watchWriteDelayMs);
  }

  close(): void {
    this.watch([]);
    this.#cancelLook();
    this.#cancelPoll();
  }

  #openWatchers(): void {
    for (const folder of this.#names.keys()) {
      if (this.#watchers.has(folder) || this.#watchers.size >= watchedFoldersMax) continue;
      try {
        const watcher = watch(folder, { persistent: false }, (event, name) => this.#event(folder, event, name));
        // The folder is gone: the poll notices what replaces it.
        watcher.on('error', () => {
          watcher.close();
          this.#watchers.delete(folder);
        });
        this.#watchers.set(folder, watcher);
      } catch {
        // Missing folder or no watch left: the poll stands in.
      }
    }
  }

  #await(path: string): void {
    const folder = dirname(path);
    const names = this.#names.get(folder) ?? new Set();
    this.#names.set(folder, names.add(basename(path)));
  }

  #event(folder: string, event: 'rename' | 'change', name: string | null): void {
    if (name !== null && this.#names.get(folder)?.has(name) !== true) return;
    this.#lookAfter(event === 'rename' ? watchRenameDelayMs : watchWriteDelayMs);
  }

  #lookAfter(delayMs: number): void {
    this.#cancelLook();
    this.#cancelLook = this.#clock.setTimer(delayMs, () => this.#look());
  }

  #look(): void {
    this.#openWatchers();
    const found = signaturesOf(this.#signatures.keys());
    const isSame = [...found].every(([file, signature]) => this.#signatures.get(file) === signature);
    this.#signatures = found;
    if (!isSame) this.#changed();
  }

  #schedulePoll(): void {
    this.#cancelPoll = this.#clock.setTimer(watchPollIntervalMs, () => {
      this.#look();
      this.#schedulePoll();
    });
  }
}

function signaturesOf(files: Iterable<string>): Map<string, string> {
  return new Map([...files].map((file) => [file, signatureOf(file)]));
}

/** Changes when the file appears, disappears, is replaced or written. */
function signatureOf(file: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch {
    return '-';
  }
}
